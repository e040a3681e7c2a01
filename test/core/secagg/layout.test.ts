import { laneMagnitude, layoutOf, requireRing, type Segment } from '@concordat/core';
import { expect } from 'chai';
import { ruleThrownBy } from '../../support/rules.js';

const model: Segment = { name: 'model', length: 10, bits: 24, quantBits: 16, bound: 1, kind: 'model' };
const weight: Segment = { name: 'weight', length: 1, bits: 32, quantBits: 0, bound: 32_768, kind: 'weight' };

describe('A layout', () => {
  it('starts every segment at a multiple of 48 bytes, with two guards', () => {
    const { segments, lengthBytes } = layoutOf([model, { ...model, length: 15 }, weight]);
    expect(segments.map(({ offset, lanes, paddedBytes }) => [offset, lanes, paddedBytes])).to.deep.equal([
      [0, 12, 48],
      [48, 17, 96],
      [144, 3, 48],
    ]);
    expect(lengthBytes).to.equal(192);
  });

  it('refuses what leaves its bounds, by name', () => {
    expect(ruleThrownBy(() => layoutOf([]))).to.equal('segments.count');
    expect(ruleThrownBy(() => layoutOf([{ ...model, bits: 8 as 16 }]))).to.equal('segments.bits');
    expect(ruleThrownBy(() => layoutOf([{ ...model, length: 0 }]))).to.equal('segments.length');
    expect(ruleThrownBy(() => layoutOf([{ ...model, length: 1.5 }]))).to.equal('segments.length');
    expect(ruleThrownBy(() => layoutOf([{ ...model, quantBits: 25 }]))).to.equal('segments.quantBits');
    expect(ruleThrownBy(() => layoutOf([{ ...model, bound: Number.NaN }]))).to.equal('segments.bound');
    expect(ruleThrownBy(() => layoutOf(Array(8).fill({ ...model, length: 2 ** 27 })))).to.equal('segments.bytes');
  });
});

describe('A ring', () => {
  const fits = (quantBits: number, bits: 16 | 24 | 32, maxCohort: number) =>
    ruleThrownBy(() => requireRing([{ ...model, quantBits, bits }], { maxCohort })) === undefined;

  it('holds the largest cohorts of the design, and not one more', () => {
    expect(fits(16, 24, 256)).to.equal(true);
    expect(fits(16, 24, 257)).to.equal(false);
    expect(fits(14, 24, 1024)).to.equal(true);
    expect(fits(14, 24, 1025)).to.equal(false);
    expect(fits(8, 16, 258)).to.equal(true);
    expect(fits(8, 16, 259)).to.equal(false);
  });

  it('leaves room for noise', () => {
    expect(ruleThrownBy(() => requireRing([model], { maxCohort: 255, noise: 1 }))).to.equal(undefined);
    expect(ruleThrownBy(() => requireRing([model], { maxCohort: 255, noise: 1000 }))).to.equal('segments.ring');
  });

  it('counts integer lanes by their bound', () => {
    expect(laneMagnitude(weight)).to.equal(32_768);
    expect(laneMagnitude(model)).to.equal(32_767);
    expect(ruleThrownBy(() => requireRing([{ ...weight, bits: 16 }], { maxCohort: 3 }))).to.equal('segments.ring');
  });
});
