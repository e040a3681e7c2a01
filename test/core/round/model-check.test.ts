import {
  blankSum,
  chunkCount,
  combineGroups,
  completePlan,
  fedAvg,
  isMadeByParameter,
  type Layout,
  layoutOf,
  ModelCheck,
  meanScale,
  openSum,
  type Plan,
  type PlanDraft,
  packLanes,
  parametersIn,
  plainKernels,
  requireGroups,
  requireSameParameters,
  requireStaleness,
  scaleMean,
  totalsChunks,
  weightUnit,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { detailThrownBy, ruleThrownBy } from '../../support/rules.js';
import { draft as exampleDraft } from './example-plan.js';

const chunkBytes = 49_152;
const parameters = 40_000;
const baseModelHash = new Uint8Array(32);

/** Lanes of three bytes: three chunks, the last of which holds the weight. */
function largePlan(over: Partial<PlanDraft> = {}): Plan {
  const draft = exampleDraft();
  const model = { ...draft.task.model, tensors: [{ name: 'dense/kernel', shape: [200, 200] }] };
  return completePlan({
    ...draft,
    task: { ...draft.task, model },
    cohort: { min: 3, size: 12, max: 4 },
    rotation: 'none',
    ...over,
  });
}

interface Group {
  readonly group: number;
  readonly survivors: number;
  readonly sum: Uint8Array;
}

/** A sum whose every lane differs from its neighbours', and from those of the other groups. */
function groupOf(layout: Layout, group: number, survivors: number): Group {
  const lanes = layout.segments.map(({ segment }) =>
    segment.kind === 'model'
      ? Int32Array.from({ length: segment.length }, (_, i) => ((i * 7_919 + group * 104_729) % 20_001) - 10_000)
      : new Int32Array(segment.length).fill(segment.kind === 'weight' ? survivors * weightUnit : 0),
  );
  const sum = packLanes(layout, lanes);
  const guards = blankSum(layout, survivors);
  for (const { offset, lanes: count, segment } of layout.segments) {
    const width = segment.bits / 8;
    for (const at of [offset, offset + (count - 1) * width]) sum.set(guards.subarray(at, at + width), at);
  }
  return { group, survivors, sum };
}

function remake(plan: Plan, groups: readonly Group[], base: Float32Array, staleness = 0): Float32Array {
  const layout = layoutOf(plan.secureAggregation.segments);
  const check = new ModelCheck({ crypto: nodeCrypto, kernels: plainKernels, plan, baseModelHash, layout });
  for (const { sum, ...one } of groups) check.add(sum, one);
  return check.make(base, staleness);
}

/** As the coordinator makes it. */
function publishedOf(plan: Plan, groups: readonly Group[], base: Float32Array): Float32Array {
  const layout = layoutOf(plan.secureAggregation.segments);
  const combiner = combineGroups({ crypto: nodeCrypto, plan, kind: 'train', baseModelHash });
  for (const { sum, survivors } of groups) combiner.add({ lanes: openSum(layout, sum, survivors), survivors });
  return fedAvg.apply(base, combiner.finish().mean, undefined).model;
}

const rules: readonly (readonly [string, PlanDraft['groups']])[] = [
  ['their sum', { combine: 'sum' }],
  ['their median', { combine: 'median' }],
  ['their trimmed mean', { combine: 'trimmed-mean', trimPercent: 34 }],
];

describe('A model that is made again of a stale sum', () => {
  const plan = largePlan({
    cohort: { min: 3, size: 4 },
    mode: { async: { bufferSize: 3, maxStaleness: 2, stalenessWeight: 'inverse' } },
  });
  const layout = layoutOf(plan.secureAggregation.segments);
  const current = Float32Array.from({ length: parameters }, (_, i) => Math.cos(i));

  it('is the current model and the scaled mean, bit by bit; with another staleness it is another', () => {
    const sums = [groupOf(layout, 0, 4)];
    const combiner = combineGroups({ crypto: nodeCrypto, plan, kind: 'train', baseModelHash });
    for (const { sum, survivors } of sums) combiner.add({ lanes: openSum(layout, sum, survivors), survivors });
    const mean = scaleMean(combiner.finish().mean, meanScale(plan, 2));
    const published = fedAvg.apply(current, mean, undefined).model;
    expect(remake(plan, sums, current, 2)).to.deep.equal(published);
    expect(remake(plan, sums, current, 1)).to.not.deep.equal(published);
    expect(remake(plan, sums, current)).to.not.deep.equal(published);
  });

  it('is not accepted when the mean is older than the plan allows, or stale in a run that has no buffers', () => {
    for (const staleness of [0, 2]) expect(() => requireStaleness(plan, staleness)).not.to.throw();
    expect(detailThrownBy(() => requireStaleness(plan, 3))).to.include({
      rule: 'check.model',
      required: 2,
      offered: 3,
    });
    expect(ruleThrownBy(() => requireStaleness(largePlan({ cohort: { min: 3, size: 4 } }), 1))).to.equal('check.model');
  });
});

describe('A model that is made again of the sums of its groups', () => {
  const base = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i));

  for (const [name, groups] of rules) {
    const plan = largePlan({ groups: groups! });
    const layout = layoutOf(plan.secureAggregation.segments);
    const sums = [groupOf(layout, 0, 4), groupOf(layout, 1, 3), groupOf(layout, 3, 4)];

    it(`is the published one, bit by bit, where it is made of ${name}`, () => {
      const published = publishedOf(plan, sums, base);
      expect(remake(plan, sums, base)).to.deep.equal(published);
      // Another order changes nothing, another sum does.
      expect(remake(plan, [...sums].reverse(), base)).to.deep.equal(published);
      expect(remake(plan, [sums[0]!, sums[1]!, groupOf(layout, 2, 4)], base)).to.not.deep.equal(published);
    });

    it(`of some chunks is the published one in their parameters, where it is made of ${name}`, () => {
      const published = publishedOf(plan, sums, base);
      for (const chunk of [0, 1]) {
        const chunks = [chunk, ...totalsChunks(layout)];
        const made = remake(
          plan,
          sums.map((sum) => partOf(layout, sum, chunks)),
          base,
        );
        const compared = requireSameParameters(made, published, parametersIn(layout, chunks));
        expect(compared).to.be.within(16_383 + 7_000, 16_384 + 8_000);
        expect(made).to.not.deep.equal(published);
      }
    });
  }

  /** Only these chunks of it. */
  function partOf(layout: Layout, { sum, ...group }: Group, chunks: readonly number[]): Group {
    const part = blankSum(layout, group.survivors);
    for (const chunk of chunks) {
      part.set(sum.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes), chunk * chunkBytes);
    }
    return { ...group, sum: part };
  }

  it('shows a lane of any group that was changed by one, with parameter, chunk and lane', () => {
    const plan = largePlan();
    const layout = layoutOf(plan.secureAggregation.segments);
    const sums = [groupOf(layout, 0, 4), groupOf(layout, 1, 3)];
    const published = publishedOf(plan, sums, base);
    const changed = sums[1]!.sum.slice();
    // Lane 16,384 + 17 is in the second chunk; the guard in front is lane 0.
    changed[chunkBytes + 17 * 3]! ^= 1;
    const made = remake(plan, [sums[0]!, { ...sums[1]!, sum: changed }], base);
    const everywhere = parametersIn(layout, [0, 1, 2]);
    expect(detailThrownBy(() => requireSameParameters(made, published, everywhere))).to.include({
      rule: 'check.model',
      parameter: 16_384 + 16,
      chunk: 1,
      lane: 16_384 + 17,
    });
    expect(requireSameParameters(made, published, parametersIn(layout, [0, 2]))).to.equal(parameters - 16_384);
  });

  it('names the group whose sum its survivors cannot have', () => {
    const plan = largePlan();
    const layout = layoutOf(plan.secureAggregation.segments);
    const honest = groupOf(layout, 0, 4);
    const wrong: readonly Group[] = [
      { ...groupOf(layout, 2, 4), survivors: 3 },
      // No weight at all.
      { group: 2, survivors: 4, sum: blankSum(layout, 4) },
    ];
    for (const group of wrong) {
      expect(detailThrownBy(() => remake(plan, [honest, group], base))).to.include({ rule: 'check.groups', group: 3 });
    }
  });
});

describe('Chunks of a sum', () => {
  it('hold every parameter exactly once, in segments of every width', () => {
    const kinds = { bound: 1, kind: 'model' } as const;
    const layout = layoutOf([
      { name: 'a', length: 50_001, bits: 16, quantBits: 8, ...kinds },
      { name: 'b', length: 16_383, bits: 24, quantBits: 16, ...kinds },
      { name: 'w', length: 1, bits: 32, quantBits: 0, bound: weightUnit, kind: 'weight' },
      { name: 'c', length: 20_000, bits: 32, quantBits: 16, ...kinds },
    ]);
    const chunks = Array.from({ length: chunkCount(layout) }, (_, chunk) => chunk);
    const seen = chunks.flatMap((chunk) => parametersIn(layout, [chunk]));
    const ranges = [...seen].sort((a, b) => a.from - b.from);
    expect(ranges[0]!.from).to.equal(0);
    for (const [at, { from }] of ranges.entries()) if (at > 0) expect(from).to.equal(ranges[at - 1]!.to);
    expect(ranges.at(-1)!.to).to.equal(50_001 + 16_383 + 20_000);
    const weight = layout.segments[2]!;
    expect(totalsChunks(layout)).to.deep.equal([Math.floor(weight.offset / chunkBytes)]);
  });

  it('of a plan that rotates say nothing of any parameter', () => {
    expect(isMadeByParameter(largePlan())).to.equal(true);
    expect(isMadeByParameter(largePlan({ rotation: 'hadamard' }))).to.equal(false);
  });
});

describe('The sums that a coordinator signs for a round', () => {
  const sums = (...survivors: readonly number[]) => survivors.map((count, group) => ({ group, survivors: count }));

  it('are as many as the plan requires, of as many updates as it demands', () => {
    const plan = largePlan({ groups: { min: 2, combine: 'sum' }, minSurvivors: 3 });
    expect(ruleThrownBy(() => requireGroups(plan, sums(3, 4)))).to.equal(undefined);
    expect(ruleThrownBy(() => requireGroups(plan, sums(4)))).to.equal('check.groups');
    expect(detailThrownBy(() => requireGroups(plan, sums(3, 2)))).to.include({ rule: 'check.groups', group: 2 });
  });

  it('are one in a plan without groups', () => {
    const plan = largePlan({ cohort: { min: 3, size: 4 } });
    expect(ruleThrownBy(() => requireGroups(plan, sums(4)))).to.equal(undefined);
    expect(ruleThrownBy(() => requireGroups(plan, sums(4, 4)))).to.equal('check.groups');
  });
});
