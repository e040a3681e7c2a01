import {
  clipDelta,
  decodeSum,
  encodeUpdate,
  FederatedError,
  integerWeight,
  l2Norm,
  meanInPlace,
  weightUnit,
} from '@concordat/core';
import { nodeCrypto as crypto } from '@concordat/node';
import { expect } from 'chai';
import fc from 'fast-check';
import { measuredPlan as examplePlan } from '../round/example-plan.js';
import { randomOf } from '../round/round-table.js';

const plan = examplePlan();

/** Lane-wise sums, as an opened session gives them. */
function sum(updates: readonly Int32Array[][]): Int32Array[] {
  return updates[0]!.map((first, s) =>
    first.map((_, i) => updates.reduce((total, update) => total + update[s]![i]!, 0)),
  );
}

const baseModelHash = new Uint8Array(32).fill(7);
const decode = (lanes: readonly Int32Array[], survivors: number) =>
  decodeSum({ crypto, plan, baseModelHash, lanes, survivors });

const update = (delta: Float32Array, examples: number, accuracy?: number) =>
  encodeUpdate({
    crypto,
    plan,
    baseModelHash,
    delta,
    examples,
    ...(accuracy === undefined ? {} : { metrics: { accuracy } }),
    random: randomOf(`${examples}/${accuracy}`),
  });

describe('an encoded update', () => {
  it('has one lane array for each segment, of its length', () => {
    const lanes = update(new Float32Array(9).fill(0.5), 500, 0.5);
    expect(lanes.map((segment) => segment.length)).to.deep.equal([9, 1, 2]);
    expect([...lanes[1]!]).to.deep.equal([weightUnit / 2]);
    expect([...lanes[2]!]).to.deep.equal([weightUnit / 2, 1]);
  });

  it('is the same where the memory of the delta may be worked in, and the lanes are made elsewhere', () => {
    const delta = Float32Array.from({ length: 9 }, (_, i) => 40 * (i - 4));
    const made: number[] = [];
    const allocate = (length: number) => {
      made.push(length);
      return new Int32Array(new SharedArrayBuffer(4 * length));
    };
    const options = { crypto, plan, baseModelHash, examples: 500 };
    const before = delta.slice();
    const kept = encodeUpdate({ ...options, delta, random: randomOf('same') });
    expect(delta).to.deep.equal(before);
    const spent = encodeUpdate({ ...options, delta, random: randomOf('same'), isSpent: true, allocate });
    expect(spent.map((lanes) => [...lanes])).to.deep.equal(kept.map((lanes) => [...lanes]));
    expect(made).to.deep.equal([9]);
    // It was longer than the clipping norm.
    expect(delta).to.not.deep.equal(before);
  });

  it('has zeros and counts nobody when metrics may not be sent', () => {
    expect([...update(new Float32Array(9), 500)[2]!]).to.deep.equal([0, 0]);
  });

  it('never puts more into a lane than the ring was checked for', () => {
    const lanes = update(Float32Array.of(1e6, 0, 0, 0, 0, 0, 0, 0, 0), 5000, 7);
    expect(lanes[0]![0]).to.equal(32_767);
    expect([...lanes[1]!, ...lanes[2]!]).to.deep.equal([weightUnit, weightUnit, 1]);
  });

  it('decodes, summed with others, to the weighted mean of the deltas', () => {
    const person = fc.record({
      delta: fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }),
      examples: fc.integer({ min: 1, max: 2000 }),
      accuracy: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(person, { minLength: 3, maxLength: 12 }), (people) => {
        const opened = sum(people.map((one) => update(Float32Array.from(one.delta), one.examples, one.accuracy)));
        const decoded = decode(opened, people.length);
        const weights = people.map(({ examples }) =>
          integerWeight({ examples, maxWeight: 1000, weighting: 'examples' }),
        );
        const total = weights.reduce((a, b) => a + b, 0);
        expect(decoded.totalWeight).to.equal(total);
        // Each participant's rounding moves a lane by less than one unit.
        const unit = ((plan.clippingNorm / 32_767) * weightUnit * people.length) / total;
        for (let i = 0; i < 9; i++) {
          const mean = people.reduce((m, one, p) => m + weights[p]! * Math.fround(one.delta[i]!), 0) / total;
          expect(decoded.mean[i]).to.be.closeTo(mean, unit + 1e-6);
        }
        const accuracy = people.reduce((a, one) => a + one.accuracy, 0) / people.length;
        expect(decoded.metrics[0]!.mean).to.be.closeTo(accuracy, 2 ** -15);
        expect(decoded.metrics[0]!.participants).to.equal(people.length);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it('means metrics over those who sent them', () => {
    const opened = sum([
      update(new Float32Array(9), 10, 0.5),
      update(new Float32Array(9), 20),
      update(new Float32Array(9), 30, 1),
    ]);
    expect(decode(opened, 3).metrics).to.deep.equal([{ name: 'accuracy', mean: 0.75, participants: 2 }]);
    const silent = sum([1, 2, 3].map((examples) => update(new Float32Array(9), examples)));
    expect(decode(silent, 3).metrics).to.deep.equal([]);
  });

  it('is decoded into the memory of its lanes to the same bits', () => {
    const opened = sum([1, 2, 3].map((examples) => update(new Float32Array(9).fill(examples / 4), examples)));
    const copy = opened.map((lanes) => lanes.slice());
    const { mean } = decode(opened, 3);
    const target = meanInPlace(plan, copy);
    const inPlace = decodeSum({ crypto, plan, baseModelHash, lanes: copy, survivors: 3, target }).mean;
    expect(inPlace).to.deep.equal(mean);
    expect(inPlace.buffer).to.equal(copy[0]!.buffer);
  });

  it('is refused with NaN or an infinity, naming tensor and index', () => {
    for (const [at, place] of [
      [1, 'dense/kernel[1]'],
      [8, 'dense/bias[2]'],
    ] as const) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const delta = new Float32Array(9);
        delta[at] = value;
        expect(() => update(delta, 10)).to.throw(FederatedError, `the update holds ${value} at ${place}`);
      }
    }
  });

  it('is refused in a wrong shape', () => {
    expect(() => update(new Float32Array(8), 10)).to.throw(FederatedError, 'another length');
  });

  it('is refused without a metric that the plan names', () => {
    const options = { crypto, plan, baseModelHash, delta: new Float32Array(9), examples: 1, random: randomOf('m') };
    expect(() => encodeUpdate({ ...options, metrics: {} })).to.throw(FederatedError, 'accuracy');
    expect(() => encodeUpdate({ ...options, metrics: { accuracy: Number.NaN } })).to.throw(FederatedError, 'accuracy');
  });
});

describe('an opened sum', () => {
  it('that is impossible for its survivors is refused by lane', () => {
    const opened = sum([1, 2, 3].map((examples) => update(new Float32Array(9), examples, 0.5)));
    const spoiled = (segment: number, lane: number, value: number) =>
      opened.map((lanes, s) => (s === segment ? lanes.map((old, i) => (i === lane ? value : old)) : lanes));
    expect(() => decode(spoiled(1, 0, 2), 3)).to.throw(FederatedError, 'weight');
    expect(() => decode(spoiled(1, 0, 3 * weightUnit + 1), 3)).to.throw(FederatedError, 'weight');
    expect(() => decode(spoiled(2, 1, 4), 3)).to.throw(FederatedError, 'metrics');
    expect(() => decode(spoiled(2, 0, -1), 3)).to.throw(FederatedError, 'accuracy');
    expect(() => decode(opened.slice(1), 3)).to.throw(FederatedError, 'segments');
  });
});

describe('a weight', () => {
  const of = (examples: number, weighting: 'equal' | 'powers-of-two' | 'examples') =>
    integerWeight({ examples, maxWeight: 1024, weighting });

  it('is exact, rounded down to a power of two, or equal', () => {
    expect([1, 300, 1024, 5000].map((n) => of(n, 'examples'))).to.deep.equal([32, 9600, 32_768, 32_768]);
    expect([1, 300, 1024, 5000].map((n) => of(n, 'powers-of-two'))).to.deep.equal([32, 8192, 32_768, 32_768]);
    expect([1, 300].map((n) => of(n, 'equal'))).to.deep.equal([32_768, 32_768]);
  });

  it('is never zero', () => {
    expect(integerWeight({ examples: 1, maxWeight: 2 ** 31, weighting: 'examples' })).to.equal(1);
  });

  it('needs an example', () => {
    for (const examples of [0, -1, 1.5, Number.NaN]) expect(() => of(examples, 'equal')).to.throw(FederatedError);
  });
});

describe('clipping', () => {
  it('leaves a short delta alone and scales a long one to the norm', () => {
    expect([...clipDelta(Float32Array.of(3, 4), 5)]).to.deep.equal([3, 4]);
    expect(l2Norm(clipDelta(Float32Array.of(30, 40), 5))).to.be.closeTo(5, 1e-5);
  });

  it('does not lose small terms beside large ones', () => {
    const delta = new Float32Array(1_000_001).fill(1e-4);
    delta[0] = 1000;
    expect(l2Norm(delta) ** 2 - 1e6).to.be.closeTo(0.01, 1e-4);
  });

  it('refuses a norm out of range', () => {
    for (const norm of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => clipDelta(Float32Array.of(1), norm)).to.throw(FederatedError);
    }
  });
});
