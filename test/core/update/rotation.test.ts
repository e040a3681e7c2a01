import {
  completePlan,
  decodeSum,
  defaultRotation,
  encodeUpdate,
  FederatedError,
  hashPlan,
  type Kernels,
  l2Norm,
  type Plan,
  type PlanDraft,
  plainKernels,
  rotate,
  rotateBack,
  rotatedBound,
  rotationSigns,
  weightUnit,
} from '@concordat/core';
import { chooseKernels, nodeCrypto as crypto } from '@concordat/node';
import { expect } from 'chai';
import { draft } from '../round/example-plan.js';
import { randomOf } from '../round/round-table.js';

const planHash = new Uint8Array(32).fill(1);
const baseModelHash = new Uint8Array(32).fill(2);
const names = { planHash, baseModelHash };

/** A plan of one tensor of `parameters` values. */
function planOf(parameters: number, over: Partial<PlanDraft> = {}): Plan {
  const base = draft({ clippingNorm: 1, weighting: 'equal', rotation: 'hadamard', ...over });
  const model = { ...base.task.model, tensors: [{ name: 'w', shape: [parameters] }] };
  return completePlan({ ...base, task: { ...base.task, model } });
}

/** Uniform in ±1. */
function noise(length: number, seed: string): Float32Array {
  const random = randomOf(seed);
  const values = new Float32Array(length);
  for (let at = 0; at < length; at += 16_384) {
    const count = Math.min(16_384, length - at);
    const view = new DataView(random.bytes(4 * count).slice().buffer);
    for (let i = 0; i < count; i++) values[at + i] = view.getInt32(4 * i, true) / 2 ** 31;
  }
  return values;
}

/** Scaled to a norm just below 1. */
function unitVector(values: Float32Array): Float32Array {
  const norm = l2Norm(values) * 1.0001;
  return values.map((value) => value / norm);
}

/** All of the norm in one value: what rounds worst without a rotation, and what a rotation has to spread. */
function spike(length: number, at: number): Float32Array {
  const values = new Float32Array(length);
  values[at] = 0.9999;
  return values;
}

const distance = (a: Float32Array, b: Float32Array): number => l2Norm(a.map((value, i) => value - b[i]!));
const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const rotated = (values: Float32Array, over: Partial<typeof names> = {}, kernels: Kernels = plainKernels) => {
  const copy = values.slice();
  rotate(copy, rotationSigns(crypto, { ...names, ...over }), kernels);
  return copy;
};

const lengths = [1, 2, 3, 4, 5, 7, 8, 9, 31, 100, 127, 128, 129, 1000, 4097, 65_535, 65_537, 100_000];

describe('A rotation', () => {
  it('pads nothing, keeps the norm and is undone, at any length', () => {
    for (const length of lengths) {
      const values = noise(length, `values ${length}`);
      const there = rotated(values);
      expect(there.length).to.equal(length);
      expect(l2Norm(there), `norm of ${length}`).to.be.closeTo(l2Norm(values), 2e-6 * l2Norm(values));
      const back = there.slice();
      rotateBack(back, rotationSigns(crypto, names), plainKernels);
      expect(distance(back, values), `way back of ${length}`).to.be.at.most(4e-6 * l2Norm(values));
      if (length > 1) expect(distance(there, values)).to.be.above(0.1 * l2Norm(values));
    }
  });

  it('has the same bits with WebAssembly, there and back', () => {
    for (const length of lengths) {
      const values = noise(length, `twins ${length}`);
      const [plain, quick] = [rotated(values), rotated(values, {}, chooseKernels('wasm'))];
      expect(quick, `${length}`).to.deep.equal(plain);
      rotateBack(plain, rotationSigns(crypto, names), plainKernels);
      rotateBack(quick, rotationSigns(crypto, names), chooseKernels('wasm'));
      expect(quick, `${length}`).to.deep.equal(plain);
    }
  });

  it('of three values is the two by hand: the first pair, then the last pair', () => {
    const stream = rotationSigns(crypto, names);
    const [first, second] = [stream.next(16)[0]!, stream.next(16)[0]!];
    const sign = (byte: number, bit: number) => ((byte >> bit) & 1 ? -1 : 1);
    const [x, y, z] = [3, 5, 7];
    const [a, b] = [sign(first, 0) * x, sign(first, 1) * y];
    const middle = (a - b) / Math.SQRT2;
    const [c, d] = [sign(second, 0) * middle, sign(second, 1) * z];
    const by = [(a + b) / Math.SQRT2, (c + d) / Math.SQRT2, (c - d) / Math.SQRT2];
    for (const [i, value] of rotated(Float32Array.of(x, y, z)).entries()) expect(value).to.be.closeTo(by[i]!, 1e-5);
  });

  it('is another one for another model and for another plan, and the same for all of one', () => {
    const values = noise(256, 'signs');
    expect(rotated(values)).to.deep.equal(rotated(values));
    const other = new Uint8Array(32).fill(3);
    const drawn = [rotated(values), rotated(values, { planHash: other }), rotated(values, { baseModelHash: other })];
    for (const [i, one] of drawn.entries()) {
      // Independent signs: as far apart as two random vectors of this norm.
      for (const two of drawn.slice(i + 1)) expect(distance(one, two)).to.be.above(l2Norm(values));
    }
    expect(distance(drawn[0]!, rotated(values, { planHash: baseModelHash, baseModelHash: planHash }))).to.be.above(1);
  });

  it('adds up: the rotated sum of many is the sum of the rotated, in integers, whichever group they are in', () => {
    const plan = planOf(300);
    const updates = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => {
      const delta = unitVector(noise(300, name));
      const lanes = encodeUpdate({ crypto, plan, baseModelHash, delta, examples: 1, random: randomOf(name) });
      return { delta, lanes };
    });
    const add = (some: typeof updates) =>
      some[0]!.lanes.map((first, s) => first.map((_, i) => some.reduce((sum, { lanes }) => sum + lanes[s]![i]!, 0)));
    const groups = [add(updates.slice(0, 3)), add(updates.slice(3))];
    const together = groups[0]!.map((lanes, s) => lanes.map((lane, i) => lane + groups[1]![s]![i]!));
    expect(together).to.deep.equal(add(updates));
    const { mean } = decodeSum({ crypto, plan, baseModelHash, lanes: together, survivors: 6 });
    const expected = new Float32Array(300).map((_, i) => updates.reduce((sum, { delta }) => sum + delta[i]! / 6, 0));
    expect(distance(mean, expected)).to.be.below(1e-4);
  });
});

describe('The bound of a rotated coordinate', () => {
  const bound = (length: number, parameters = length) => rotatedBound({ clippingNorm: 3, length, parameters });

  it('is C·√(2 ln(2d/10⁻⁶)/m), to six digits, m the power of two below the length', () => {
    expect(bound(2 ** 20)).to.equal(Number((3 * Math.sqrt((2 * Math.log(2 ** 21 * 1e6)) / 2 ** 20)).toPrecision(6)));
    expect(bound(10 ** 6)).to.equal(Number((3 * Math.sqrt((2 * Math.log(2e12)) / 2 ** 19)).toPrecision(6)));
    expect(bound(1000, 10 ** 6)).to.equal(Number((3 * Math.sqrt((2 * Math.log(2e12)) / 512)).toPrecision(6)));
  });

  it('is never above the clipping norm', () => {
    for (const length of [1, 2, 30, 60]) expect(bound(length)).to.equal(3);
    expect(bound(128)).to.be.below(3);
  });

  it('holds for every one of a thousand updates, wherever their norm lies', () => {
    const length = 1000;
    const most = rotatedBound({ clippingNorm: 1, length, parameters: length });
    for (let i = 0; i < 1000; i++) {
      const shape = i % 2 === 0 ? spike(length, i) : unitVector(noise(length, `update ${i}`));
      const there = rotated(shape, {
        baseModelHash: new Uint8Array(32).fill(i % 256),
        planHash: new Uint8Array(32).fill(i >> 8),
      });
      expect(largest(there), `update ${i}`).to.be.at.most(most);
    }
  });

  it('is no wider than Hoeffding asks for: at the bound of one in ten, no more than that are above, and some are', () => {
    const length = 512;
    const tenth = Math.sqrt((2 * Math.log((2 * length) / 0.1)) / length);
    const draws = 400;
    let above = 0;
    for (let i = 0; i < draws; i++) {
      const hash = new Uint8Array(32).fill(i & 255).fill(i >> 8, 16);
      if (largest(rotated(unitVector(noise(length, 'fixed')), { baseModelHash: hash })) > tenth) above++;
    }
    expect(above).to.be.within(1, draws / 10);
  });
});

describe('A rotated update', () => {
  it('rounds far finer: its mean squared error is what the bound makes of it', () => {
    const parameters = 2 ** 17;
    const delta = unitVector(noise(parameters, 'delta'));
    const kernels = chooseKernels('wasm');
    const error = (plan: Plan) => {
      const options = { crypto, plan, baseModelHash, kernels };
      const lanes = encodeUpdate({ ...options, delta, examples: 1, random: randomOf('rounding') });
      return distance(decodeSum({ ...options, lanes, survivors: 1 }).mean, delta) ** 2;
    };
    for (const [bits, quantBits] of [
      [16, 8],
      [24, 14],
      [24, 16],
    ] as const) {
      const [none, hadamard] = (['none', 'hadamard'] as const).map((rotation) =>
        error(planOf(parameters, { rotation, lanes: { bits, quantBits } })),
      ) as [number, number];
      const step = rotatedBound({ clippingNorm: 1, length: parameters, parameters }) / (2 ** (quantBits - 1) - 1);
      // Rounding up or down at random adds between 0 and a quarter of a step squared, a sixth on average.
      expect(hadamard).to.be.closeTo((parameters * step ** 2) / 6, 0.02 * ((parameters * step ** 2) / 6));
      expect(none / hadamard, `q = ${quantBits}`).to.be.above(quantBits === 8 ? 500 : 1000);
    }
  });

  it('counts the lanes that were clipped in a lane of its own, summed over the survivors', () => {
    const plan = planOf(1000);
    const honest = encodeUpdate({
      crypto,
      plan,
      baseModelHash,
      delta: spike(1000, 5),
      examples: 1,
      random: randomOf('x'),
    });
    expect(plan.secureAggregation.segments.map(({ kind }) => kind)).to.deep.equal(['model', 'weight', 'excess']);
    expect([...honest[2]!]).to.deep.equal([0]);
    // What a rotation turns into one value above every bound.
    const aimed = spike(1000, 100);
    rotateBack(aimed, rotationSigns(crypto, { planHash: hashPlan(crypto, plan), baseModelHash }), plainKernels);
    const caught = encodeUpdate({ crypto, plan, baseModelHash, delta: aimed, examples: 1, random: randomOf('y') });
    expect([...caught[2]!]).to.deep.equal([1]);
    expect(caught[0]![100]).to.equal(32_767);
    const lanes = honest.map((segment, s) => segment.map((lane, i) => lane + 2 * caught[s]![i]!));
    expect(decodeSum({ crypto, plan, baseModelHash, lanes, survivors: 3 }).excess).to.equal(2);
  });

  it('clips no lane that a small weight keeps within the ring', () => {
    const plan = planOf(1000, { weighting: 'examples', maxWeight: 1000 });
    const aimed = spike(1000, 100);
    rotateBack(aimed, rotationSigns(crypto, { planHash: hashPlan(crypto, plan), baseModelHash }), plainKernels);
    const light = encodeUpdate({ crypto, plan, baseModelHash, delta: aimed, examples: 100, random: randomOf('y') });
    expect([...light[2]!]).to.deep.equal([0]);
    expect(light[0]![100]).to.be.within(1, 32_766);
  });

  it('counts 2^15 clipped lanes at most, and a sum that says more is refused', () => {
    const parameters = 2 ** 21;
    const plan = planOf(parameters);
    const kernels = chooseKernels('wasm');
    const signs = rotationSigns(crypto, { planHash: hashPlan(crypto, plan), baseModelHash });
    // The most lanes above the bound that a norm of 1 has room for: some 36,000.
    const aimed = new Float32Array(parameters);
    const most = rotatedBound({ clippingNorm: 1, length: parameters, parameters }) * 1.0001;
    aimed.fill(most, 0, Math.floor(0.9999 / most ** 2));
    rotateBack(aimed, signs, kernels);
    const options = { crypto, plan, baseModelHash, kernels };
    const lanes = encodeUpdate({ ...options, delta: aimed, examples: 1, random: randomOf('x') });
    expect([...lanes[2]!]).to.deep.equal([weightUnit]);
    const decode = (excess: number) =>
      decodeSum({ ...options, lanes: [lanes[0]!, lanes[1]!, Int32Array.of(excess)], survivors: 1 }).excess;
    expect(decode(weightUnit)).to.equal(weightUnit);
    for (const impossible of [weightUnit + 1, -1]) {
      expect(() => decode(impossible)).to.throw(FederatedError, 'the opened excess lane is impossible');
    }
  });

  it('has no excess where the plan does not rotate', () => {
    const plan = planOf(300, { rotation: 'none' });
    const options = { crypto, plan, baseModelHash };
    const lanes = encodeUpdate({ ...options, delta: spike(300, 1), examples: 1, random: randomOf('x') });
    expect(lanes).to.have.lengthOf(2);
    expect(decodeSum({ ...options, lanes, survivors: 1 })).not.to.have.property('excess');
  });
});

describe('A plan that does not say whether it rotates', () => {
  it('does where rounding would add more than a thousandth of an update, and where a rotation helps', () => {
    const of = (parameters: number, quantBits: number) => defaultRotation({ parameters, quantBits });
    expect([of(100, 8), of(1000, 8), of(10 ** 6, 8)]).to.deep.equal(['none', 'hadamard', 'hadamard']);
    expect([of(400_000, 14), of(410_000, 14)]).to.deep.equal(['none', 'hadamard']);
    expect([of(6_400_000, 16), of(6_500_000, 16)]).to.deep.equal(['none', 'hadamard']);
  });
});
