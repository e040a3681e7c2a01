import {
  combineGroups,
  combineMeans,
  decodeSum,
  FederatedError,
  type GroupRules,
  type Plan,
  type RoundKind,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { examplePlan, measuredPlan } from '../round/example-plan.js';

const unit = 2 ** 15;
const base = { crypto: nodeCrypto, baseModelHash: new Uint8Array(32) };
const combinerOf = (plan: Plan, kind: RoundKind) => combineGroups({ ...base, plan, kind });
const decoded = (plan: Plan, lanes: readonly Int32Array[], survivors: number) =>
  decodeSum({ ...base, plan, lanes, survivors });
const f32 = (...values: readonly number[]) => Float32Array.from(values);

describe('the median of means', () => {
  it('is taken coordinate by coordinate', () => {
    const means = [f32(1, 10, -5), f32(2, -20, 0), f32(300, 30, 5)];
    expect(combineMeans(means, { combine: 'median' })).to.deep.equal(f32(2, 10, 0));
  });

  it('of an even number is the middle between the two in the middle', () => {
    const means = [f32(4, 0), f32(-100, 1), f32(2, 2), f32(7, 1000)];
    expect(combineMeans(means, { combine: 'median' })).to.deep.equal(f32(3, 1.5));
  });

  it('of one is that one', () => {
    expect(combineMeans([f32(1.5, -2)], { combine: 'median' })).to.deep.equal(f32(1.5, -2));
  });

  it('leaves its means as they were', () => {
    const means = [f32(3), f32(1), f32(2)];
    combineMeans(means, { combine: 'median' });
    expect(means).to.deep.equal([f32(3), f32(1), f32(2)]);
  });
});

describe('the trimmed mean of means', () => {
  const five = [f32(1, 5), f32(2, 4), f32(3, 3), f32(4, 2), f32(1000, -1000)];

  it('leaves out the share at either end, rounded down', () => {
    // ⌊5 · 20 %⌋ = 1: of 1, 2, 3, 4, 1000 the 1 and the 1000 go, of −1000, 2, 3, 4, 5 the −1000 and the 5.
    expect(combineMeans(five, { combine: 'trimmed-mean', trimPercent: 20 })).to.deep.equal(f32(3, 3));
    // ⌊5 · 39 %⌋ = 1 still, ⌊5 · 40 %⌋ = 2 leaves the median.
    expect(combineMeans(five, { combine: 'trimmed-mean', trimPercent: 39 })).to.deep.equal(f32(3, 3));
    expect(combineMeans(five, { combine: 'trimmed-mean', trimPercent: 40 })).to.deep.equal(f32(3, 3));
  });

  it('of fewer groups than it could trim is their mean', () => {
    expect(combineMeans([f32(1), f32(4)], { combine: 'trimmed-mean', trimPercent: 34 })).to.deep.equal(f32(2.5));
  });
});

/** Nine model lanes of one value each, a weight, and for two participants accuracy and their number. */
const sumOf = (plan: Plan, lane: number, weight: number, accuracy: number, survivors: number) => ({
  lanes: plan.secureAggregation.segments.map(({ kind, length }) =>
    kind === 'model'
      ? new Int32Array(length).fill(lane)
      : Int32Array.from(kind === 'weight' ? [weight] : [accuracy, survivors]),
  ),
  survivors,
});

const planWith = (groups?: GroupRules) =>
  measuredPlan(
    groups === undefined ? {} : { cohort: { min: 4, size: 20, max: 5 }, groups, reportingGoal: 4 * groups.min },
  );

describe('the sums of several groups', () => {
  it('added give the mean of one session of everybody, to the last bit', () => {
    const plan = planWith({ min: 1, combine: 'sum' });
    const combiner = combinerOf(plan, 'train');
    combiner.add(sumOf(plan, 7_001, 3 * unit, unit, 4));
    combiner.add(sumOf(plan, -13, 2 * unit + 5, 3 * unit, 5));
    combiner.add(sumOf(plan, 99_999, unit + 77, unit / 2, 4));
    const everybody = sumOf(plan, 7_001 - 13 + 99_999, 6 * unit + 82, 4.5 * unit, 13);
    expect(combiner.finish()).to.deep.equal(decoded(plan, everybody.lanes, 13));
  });

  it('that are one is just decoded', () => {
    const plan = planWith();
    const combiner = combinerOf(plan, 'train');
    combiner.add(sumOf(plan, 7_001, 3 * unit, unit, 4));
    expect(combiner.finish()).to.deep.equal(decoded(plan, sumOf(plan, 7_001, 3 * unit, unit, 4).lanes, 4));
  });

  it('under a robust rule are means that count once each; weights and metrics are added all the same', () => {
    const plan = planWith({ min: 3, combine: 'median' });
    const combiner = combinerOf(plan, 'train');
    const sums = [
      sumOf(plan, 1_000, unit, unit, 4),
      sumOf(plan, 9_000, 3 * unit, 2 * unit, 4),
      sumOf(plan, -500_000, 2 * unit, 0, 4),
    ];
    const [first] = sums.map(({ lanes }) => decoded(plan, lanes, 4).mean[0]!);
    for (const sum of sums) combiner.add(sum);
    const { mean, totalWeight, metrics } = combiner.finish();
    expect([...mean]).to.deep.equal(new Array(9).fill(first));
    expect(totalWeight).to.equal(6 * unit);
    expect(metrics).to.deep.equal([{ name: 'accuracy', mean: 3 / 12, participants: 12 }]);
  });

  it('of an evaluation are added metrics, whatever the rule', () => {
    const plan = planWith({ min: 3, combine: 'median' });
    const combiner = combinerOf(plan, 'evaluate');
    combiner.add({ lanes: [Int32Array.of(unit, 2)], survivors: 4 });
    combiner.add({ lanes: [Int32Array.of(2 * unit, 2)], survivors: 4 });
    const { mean, totalWeight, metrics } = combiner.finish();
    expect([mean.length, totalWeight]).to.deep.equal([0, 0]);
    expect(metrics).to.deep.equal([{ name: 'accuracy', mean: 0.75, participants: 4 }]);
  });

  it('do not take one that is impossible for its survivors, and go on without it', () => {
    const plan = planWith({ min: 1, combine: 'sum' });
    const combiner = combinerOf(plan, 'train');
    expect(() => combiner.add(sumOf(plan, 1, 9 * unit, unit, 4))).to.throw(FederatedError, 'weight lane is impossible');
    expect(() => combiner.add(sumOf(plan, 1, unit, -1, 4))).to.throw(FederatedError, 'accuracy lane is impossible');
    combiner.add(sumOf(plan, 7, unit, unit, 4));
    expect(combiner.finish()).to.deep.equal(decoded(plan, sumOf(plan, 7, unit, unit, 4).lanes, 4));
  });

  it('that are none give nothing', () => {
    expect(() => combinerOf(examplePlan(), 'train').finish()).to.throw(FederatedError, 'no sum');
  });
});

describe('a median and a trimmed mean over group sums (Yin et al. 2018)', () => {
  // One lane is one unit: the step is C/(2^15 − 1), and C is 2^15 − 1.
  const planOf = (groups: GroupRules) =>
    examplePlan({ cohort: { min: 4, size: 20, max: 4 }, groups, reportingGoal: 20, clippingNorm: 2 ** 15 - 1 });

  /** Five groups of four: weight in units, and the first three of nine model lanes. The last group is spoiled. */
  const groups: readonly (readonly [number, readonly number[]])[] = [
    [1, [1, 10, -5]],
    [1, [2, -20, 0]],
    [2, [6, 60, 14]],
    [1, [4, 0, 1]],
    [4, [4000, -4000, 8]],
  ];

  const meanUnder = (rules: GroupRules, of = groups) => {
    const plan = planOf(rules);
    const combiner = combinerOf(plan, 'train');
    for (const [weight, lanes] of of) {
      const model = new Int32Array(9);
      model.set(lanes);
      combiner.add({ lanes: [model, Int32Array.of(weight * unit)], survivors: 4 });
    }
    return combiner.finish().mean.subarray(0, 3);
  };

  it('are those computed by hand, each group counting once', () => {
    // Means of the groups, by coordinate: 1, 2, 3, 4, 1000; 10, −20, 30, 0, −1000; −5, 0, 7, 1, 2.
    expect(meanUnder({ min: 5, combine: 'median' })).to.deep.equal(f32(3, 0, 1));
    // ⌊5 · 20 %⌋ = 1 at either end: (2 + 3 + 4)/3, (−20 + 0 + 10)/3, (0 + 1 + 2)/3.
    expect(meanUnder({ min: 5, combine: 'trimmed-mean', trimPercent: 20 })).to.deep.equal(f32(3, -10 / 3, 1));
    // Beside them the mean of everybody, which one group decides: 4013/9, −3950/9, 18/9.
    expect(meanUnder({ min: 5, combine: 'sum' })).to.deep.equal(f32(4013 / 9, -3950 / 9, 2));
  });

  it('stay among the means of the groups that nobody spoils, whatever two of five say', () => {
    const honest = groups.slice(0, 3);
    for (const far of [-30_000, -1, 0, 5, 30_000]) {
      const spoiled = [...honest, [1, [far, far, far]], [1, [far, -far, far]]] as const;
      for (const rules of [{ combine: 'median' }, { combine: 'trimmed-mean', trimPercent: 40 }] as const) {
        const [first, second, third] = meanUnder({ min: 5, ...rules }, spoiled);
        expect(first, `${rules.combine} with ${far}`).to.be.within(1, 3);
        expect(second, `${rules.combine} with ${far}`).to.be.within(-20, 30);
        expect(third, `${rules.combine} with ${far}`).to.be.within(-5, 7);
      }
    }
  });
});
