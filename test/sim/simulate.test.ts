import { type DropStep, dropSteps, type ScenarioInput, type SimulationResult, simulate } from '@concordat/sim';
import { expect } from 'chai';

/** T for a cohort of n with c colluders. */
const thresholdOf = (n: number, c: number) => Math.max(3, Math.floor((n + c) / 2) + 1);

function session(n: number, over: Partial<ScenarioInput> = {}): SimulationResult {
  return simulate({
    name: 'session',
    seed: n,
    participants: n,
    rounds: 1,
    cohort: { min: 3, size: n, max: n },
    maxColluders: Math.min(1, n - 2),
    parameters: 40,
    retries: 0,
    ...over,
  });
}

/** Cohorts to try: all up to twelve in the width most plans use, three sizes in the others. */
const sizes = (bits: number, least: number) =>
  bits === 24 ? Array.from({ length: 13 - least }, (_, i) => least + i) : [least, 7, 12];

/** The rounds that trained. */
const trained = ({ rounds }: SimulationResult) => rounds.filter(({ kind }) => kind === 'train');

const dropped = (participants: readonly number[], step: DropStep) =>
  participants.map((participant) => ({ round: 1, participant, step }));

describe('the sum of a simulated session', function () {
  this.timeout(120_000);
  for (const bits of [16, 24, 32] as const) {
    it(`equals the integer sum of the survivors, lane for lane, for cohorts up to 12 in ${bits} bits`, () => {
      for (const n of sizes(bits, 3)) {
        const { rounds, exact } = session(n, { bits });
        expect(exact, `n = ${n}`).to.equal(true);
        expect(rounds.map(({ kind, survivors }) => [kind, survivors.length])).to.deep.equal([
          ['train', n],
          ['evaluate', n],
        ]);
        expect(rounds.map(({ lanes }) => lanes)).to.deep.equal([40 + 1 + 2, 2]);
      }
    });

    it(`equals it as well where updates are rotated, which never clips a lane, in ${bits} bits`, () => {
      const rotated = session(5, { bits, parameters: 3000, rotation: 'hadamard', drops: dropped([2], 'upload') });
      const plain = session(5, { bits, parameters: 3000, rotation: 'none', drops: dropped([2], 'upload') });
      expect([rotated.exact, rotated.outcome]).to.deep.equal([true, 'completed']);
      expect(rotated.rounds.map(({ lanes }) => lanes)).to.deep.equal([3000 + 1 + 1 + 2, 2]);
      expect(rotated.rounds.map(({ excess }) => excess)).to.deep.equal([0, undefined]);
      expect(plain.rounds.map(({ lanes }) => lanes)).to.deep.equal([3000 + 1 + 2, 2]);
    });

    for (const step of dropSteps) {
      it(`is exact without those who leave at ${step}, in ${bits} bits`, () => {
        for (const n of sizes(bits, 4)) {
          const tolerated = n - thresholdOf(n, 1);
          const lost = Array.from({ length: tolerated }, (_, i) => 1 + ((3 * i) % n)).filter(
            (p, i, all) => all.indexOf(p) === i,
          );
          const { rounds, exact, outcome } = session(n, { bits, drops: dropped(lost, step) });
          expect([outcome, exact], `n = ${n}, ${lost.length} lost`).to.deep.equal(['completed', true]);
          const inSum = step === 'certify' || step === 'reveal' ? n : n - lost.length;
          expect(rounds[0]!.survivors, `n = ${n}`).to.have.lengthOf(inSum);
          if (step === 'upload') expect(rounds[0]!.recovered).to.have.lengthOf(lost.length);
        }
      });
    }
  }
});

describe('a session with fewer than T participants left', function () {
  this.timeout(120_000);
  for (const step of dropSteps) {
    const end = step === 'reveal' ? 'waits for them' : 'is abandoned, and nothing is unmasked,';
    it(`${end} when they leave at ${step}`, () => {
      for (const n of [3, 4, 7, 12]) {
        const lost = Array.from({ length: n - thresholdOf(n, 1) + 1 }, (_, i) => i + 1);
        const { rounds, outcome } = session(n, { cohort: { min: 3, size: n, max: n }, drops: dropped(lost, step) });
        const left = n - lost.length;
        // Certified before they left: the sum is waited for until they are back.
        if (step === 'reveal') {
          expect([outcome, rounds[0]!.exact], `n = ${n}`).to.deep.equal(['completed', true]);
          expect(rounds[0]!.survivors).to.have.lengthOf(n);
          continue;
        }
        // Lost before the session: those who are left can be a smaller session of their own.
        const smaller = (step === 'train' || step === 'advertise') && left >= 3 && left >= thresholdOf(left, 1);
        expect(outcome, `n = ${n}`).to.equal(smaller ? 'completed' : 'aborted');
        expect(rounds[0]!.exact, `n = ${n}`).to.equal(smaller ? true : undefined);
      }
    });
  }
});

describe('a simulated run', () => {
  const scenario: ScenarioInput = {
    name: 'run',
    seed: 9,
    participants: 5,
    rounds: 4,
    parameters: 100,
    drops: [
      { round: 2, participant: 3, step: 'upload' },
      { round: 3, participant: 5, step: 'reveal' },
    ],
  };

  it('repeats bit for bit from its seed', () => {
    expect(simulate(scenario)).to.deep.equal(simulate(scenario));
  });

  it('takes back who was lost in an earlier round', () => {
    const result = simulate(scenario);
    const rounds = trained(result);
    expect(result.outcome).to.equal('completed');
    expect(rounds.map(({ survivors }) => survivors.length)).to.deep.equal([5, 4, 5, 5]);
    expect(rounds[1]!.dropped.map(({ participant, step }) => [participant, step])).to.deep.equal([['p3', 'upload']]);
    expect(rounds[1]!.dropped[0]!.bytesReceived).to.be.within(1, rounds[1]!.dropped[0]!.bytesExpected - 1);
  });

  it('counts what every step sends', () => {
    const { rounds } = simulate(scenario);
    const { traffic } = rounds[0]!;
    expect(traffic.advertise!.messages).to.equal(5);
    expect(traffic['masked vector']!.messages).to.equal(5);
    expect(traffic.reveal!.messages).to.equal(5);
  });
});
