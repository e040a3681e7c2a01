import { FederatedError, quantize } from '@concordat/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { randomOf } from '../round/round-table.js';

const magnitudeMax = 32_767;

describe('stochastic rounding', () => {
  it('gives one of the two neighbours, and the value itself when it is whole', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { maxLength: 50 }), fc.nat(), (list, seed) => {
        const values = Float32Array.from(list);
        const lanes = quantize(values, { scale: magnitudeMax, magnitudeMax, random: randomOf(`${seed}`) });
        values.forEach((value, i) => {
          const t = value * magnitudeMax;
          expect(lanes[i]).to.be.within(Math.floor(t), Math.ceil(t));
        });
      }),
      { seed: 2, numRuns: 200 },
    );
    const whole = quantize(Float32Array.of(-3, 0, 5), { scale: 2, magnitudeMax, random: randomOf('whole') });
    expect([...whole]).to.deep.equal([-6, 0, 10]);
  });

  it('is unbiased', () => {
    const count = 200_000;
    for (const fraction of [0.125, 0.5, 0.9]) {
      for (const sign of [-1, 1]) {
        const values = new Float32Array(count).fill(Math.fround(sign * (2 ** 19 + fraction)));
        const lanes = quantize(values, { scale: 1, magnitudeMax: 2 ** 30, random: randomOf(`${fraction}${sign}`) });
        const mean = lanes.reduce((sum, lane) => sum + (lane - values[0]!), 0) / count;
        // Standard deviation of the mean is at most 0.5/√count ≈ 0.0011.
        expect(Math.abs(mean)).to.be.lessThan(0.0056);
      }
    }
  });

  it('repeats from its random stream', () => {
    const values = new Float32Array(100).map((_, i) => Math.sin(i));
    const once = () => [...quantize(values, { scale: 99.5, magnitudeMax, random: randomOf('same') })];
    expect(once()).to.deep.equal(once());
  });

  it('never leaves ±L, whatever a clip in float32 left over', () => {
    const values = Float32Array.of(1.0000001, -1.0000001);
    expect([...quantize(values, { scale: 127, magnitudeMax: 127, random: randomOf('edge') })]).to.deep.equal([
      127, -127,
    ]);
  });

  it('refuses what is not a number', () => {
    expect(() => quantize(Float32Array.of(Number.NaN), { scale: 1, magnitudeMax, random: randomOf('x') })).to.throw(
      FederatedError,
    );
    expect(() => quantize(new Float32Array(1), { scale: Number.NaN, magnitudeMax, random: randomOf('x') })).to.throw(
      FederatedError,
    );
  });
});
