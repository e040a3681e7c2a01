import {
  bounds,
  type ErrorDetail,
  laneBytes,
  laneMagnitude,
  layoutOf,
  requireRing,
  type Segment,
} from '@concordat/core';
import { expect } from 'chai';
import { detailThrownBy, ruleThrownBy } from '../../support/rules.js';

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

  it('takes what lies exactly at its bounds', () => {
    const widest = (bytes: number): Segment => ({ ...model, bits: 16, quantBits: 8, length: bytes / 2 - 2 });
    // 2^30 is no multiple of 48: the longest vector ends 16 bytes before it.
    const longest = [widest(2 ** 29 - 32), widest(2 ** 29 - 32), widest(48)];
    expect(layoutOf(longest).lengthBytes).to.equal(bounds.maskedVectorBytesMax - 16);
    expect(layoutOf(Array(bounds.segmentsMax).fill(weight)).segments.length).to.equal(bounds.segmentsMax);
    for (const quantBits of [2, 24]) expect(layoutOf([{ ...model, quantBits }]).lengthBytes).to.equal(48);
    expect(layoutOf([{ ...model, length: 1 }]).segments[0]!.lanes).to.equal(3);
  });

  it('says of what it refuses the rule, the bound and what was offered', () => {
    const refused = (segment: object) => detailThrownBy(() => layoutOf([{ ...model, ...segment }]));
    const expected = (rule: string, required: string | number, offered: string | number): ErrorDetail => ({
      rule,
      required,
      offered,
    });
    expect(detailThrownBy(() => layoutOf(Array(65).fill(weight)))).to.deep.equal(expected('segments.count', 64, 65));
    expect(refused({ bits: 8 })).to.deep.equal(expected('segments.bits', '16 | 24 | 32', '8'));
    const { lanesMax, maskedVectorBytesMax } = bounds;
    expect(refused({ length: lanesMax, bits: 32 })).to.deep.equal(
      expected('segments.bytes', maskedVectorBytesMax, Math.ceil(((lanesMax + 2) * 4) / 48) * 48),
    );
    expect(refused({ length: lanesMax + 1 })).to.deep.equal(expected('segments.length', lanesMax, lanesMax + 1));
    expect(refused({ quantBits: 1 })).to.deep.equal(expected('segments.quantBits', 24, 1));
    expect(refused({ kind: 'weight', quantBits: 0.5 })).to.deep.equal(expected('segments.quantBits', 24, 0.5));
    expect(refused({ bound: 0 })).to.deep.equal(expected('segments.bound', '> 0', '0'));
    expect(refused({ bound: Number.POSITIVE_INFINITY })).to.deep.equal(expected('segments.bound', '> 0', 'Infinity'));
  });

  it('gives a lane as many bytes as its width has', () => {
    expect([16, 24, 32].map((bits) => laneBytes({ ...model, bits: bits as 16 }))).to.deep.equal([2, 3, 4]);
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

  it('is open above: a reach of exactly half the ring overflows it', () => {
    const integer: Segment = { ...weight, bits: 16, bound: 8192 };
    expect(detailThrownBy(() => requireRing([integer], { maxCohort: 4 }))).to.deep.equal({
      rule: 'segments.ring',
      required: 2 ** 16 - 1,
      offered: 2 ** 16,
    });
    expect(detailThrownBy(() => requireRing([{ ...integer, bound: 8191 }], { maxCohort: 4 }))).to.equal(undefined);
    // 2·(4·8000 + 6σ·2) reaches 2^16 at σ = 64.
    const noisy = (noise: number) =>
      detailThrownBy(() => requireRing([{ ...integer, bound: 8000 }], { maxCohort: 4, noise }));
    expect(noisy(63)).to.equal(undefined);
    expect(noisy(64)?.offered).to.equal(2 ** 16);
  });

  it('counts a lane as one at least', () => {
    expect(laneMagnitude({ ...weight, bound: 0.5 })).to.equal(1);
    expect(laneMagnitude({ ...model, quantBits: 2 })).to.equal(1);
  });

  it('counts integer lanes by their bound', () => {
    expect(laneMagnitude(weight)).to.equal(32_768);
    expect(laneMagnitude(model)).to.equal(32_767);
    expect(ruleThrownBy(() => requireRing([{ ...weight, bits: 16 }], { maxCohort: 3 }))).to.equal('segments.ring');
  });
});
