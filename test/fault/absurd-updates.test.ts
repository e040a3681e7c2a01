import type { Trainer } from '@concordat/client-sdk';
import type { RoundReport } from '@concordat/coordinator';
import { decodeSafetensors, fromHex } from '@concordat/core';
import { expect } from 'chai';
import { CheckedConsortium } from '../e2e/checked-consortium.js';
import { stepping } from '../support/stepping.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'] as const;
/** Of `TestConsortium.plan`: every weight of an update of norm C = 4 over 40,000 parameters. */
const mostEach = 4 / Math.sqrt(40_000);
/** A unit of a lane, and what float32 rounds of a sum. */
const tolerance = 2e-4;

/** Of everybody else: models differ, and nobody gives two updates to one. */
const others = 0.001;

/** What acme does in a round. */
interface Absurdity {
  readonly moves: number;
  readonly accuracy: number;
  readonly cuts?: boolean;
}

const absurdities: readonly Absurdity[] = [
  { moves: 1e6 * mostEach, accuracy: 1e9 },
  { moves: -3e38, accuracy: -1e9 },
  { moves: Number.POSITIVE_INFINITY, accuracy: 0.5 },
  { moves: Number.NaN, accuracy: 0.5 },
  { moves: 0, accuracy: 0.5, cuts: true },
  { moves: 0, accuracy: Number.NaN },
  { moves: mostEach / 2, accuracy: 1 },
];

/** Acme: whatever stands above for the round. */
function absurd(): Trainer {
  let round = 0;
  return {
    ...stepping(0),
    fit: async (task, ...rest) => {
      round = task.round;
      const { moves, cuts = false } = absurdities[round - 1]!;
      const { weights, ...fitted } = await stepping(moves).fit(task, ...rest);
      const cut = weights.map((tensor) => ({ ...tensor, values: tensor.values.slice(cuts ? 1 : 0) }));
      return { ...fitted, weights: cut };
    },
    evaluate: async () => ({ metrics: { accuracy: absurdities[round]?.accuracy ?? 0.5 }, examples: 1 }),
  };
}

describe('what a participant brings that is absurd', function () {
  this.timeout(60_000);
  let five: CheckedConsortium;
  let reports: readonly RoundReport[];
  /** What every round added to a bias. */
  const moved: number[] = [];

  before(async () => {
    five = await CheckedConsortium.enrol(names);
    five.trainerOf = (name) => (name === names[0] ? absurd() : stepping(others));
    const metrics = [{ name: 'accuracy', kind: 'rate', max: 1 }] as const;
    const cohort = { min: 4, size: 5, max: 5 };
    const { seen } = await five.run({ rounds: absurdities.length, cohort, metrics });
    reports = seen.filter((event) => event.type === 'round') as unknown as readonly RoundReport[];
    const { operator } = five.consortium;
    let before = -0.25;
    for (const { modelHash } of reports) {
      const [bias] = decodeSafetensors(await operator.get(fromHex(modelHash)));
      moved.push(bias!.values[0]! - before);
      before = bias!.values[0]!;
    }
  });
  after(() => five.end());

  const survivorsOf = (round: number) => reports[round - 1]!.survivors.length;
  const refusals = () =>
    five.events
      .get('acme')!
      .flatMap((event) => (event.type === 'refused' ? [`${event.round} ${event.error.detail.rule}`] : []));

  it('as an update a million times as long, or of 3·10³⁸, counts as one of the clipping norm', () => {
    expect([survivorsOf(1), survivorsOf(2)]).to.deep.equal([5, 5]);
    expect(moved[0]).to.be.closeTo((mostEach + 4 * others) / 5, tolerance);
    expect(moved[1]).to.be.closeTo((-mostEach + 4 * others) / 5, tolerance);
  });

  it('as an infinity, a NaN or another shape is refused where it was made, by name, and the others publish', () => {
    expect(refusals()).to.deep.equal(['3 update.finite', '4 update.finite', '5 model.shape']);
    for (const round of [3, 4, 5]) {
      expect(survivorsOf(round)).to.equal(4);
      expect(moved[round - 1]).to.be.closeTo(others, tolerance);
    }
  });

  it('as a metric of a billion counts as the most that the plan lets one be, and below nothing as nothing', () => {
    const means = reports.map(({ metrics: [accuracy] }) => [accuracy!.mean, accuracy!.participants]);
    // One, and nothing, beside four that measured a half.
    expect(means[0]).to.deep.equal([0.6, 5]);
    expect(means[1]).to.deep.equal([0.4, 5]);
  });

  it('as a metric that is no number is left out of the mean, with its update in the sum', () => {
    expect(reports[5]!.metrics[0]).to.include({ mean: 0.5, participants: 4 });
    expect(survivorsOf(6)).to.equal(5);
  });

  it('does no harm to what it brings next', () => {
    expect(survivorsOf(7)).to.equal(5);
    expect(moved[6]).to.be.closeTo((mostEach / 2 + 4 * others) / 5, tolerance);
  });
});
