import { invert, multiplierOf, multiply } from '@concordat/core';
import { expect } from 'chai';

describe('GF(2^16)', () => {
  it('reduces by x^16 + x^12 + x^3 + x + 1', () => {
    expect(multiply(0x8000, 2)).to.equal(0x100b);
    expect(multiply(0x8000, 4)).to.equal(0x2016);
  });

  it('agrees with shift and add', () => {
    for (let a = 1; a < 0x10000; a += 977) {
      for (let b = 1; b < 0x10000; b += 1511) expect(multiply(a, b)).to.equal(shiftAndAdd(a, b));
    }
  });

  it('has 0 absorb and 1 keep', () => {
    expect(multiply(0, 0xffff)).to.equal(0);
    expect(multiply(0x1234, 0)).to.equal(0);
    expect(multiply(0x1234, 1)).to.equal(0x1234);
  });

  it('multiplies by tables as it multiplies', () => {
    for (const x of [0, 1, 2, 255, 256, 0x8000, 0xffff]) {
      const { low, high } = multiplierOf(x);
      for (let a = 0; a < 0x10000; a += 13) {
        if ((low[a & 0xff]! ^ high[a >>> 8]!) !== multiply(a, x)) expect.fail(`${a} times ${x}`);
      }
    }
  });

  it('gives every unit its inverse', () => {
    for (let a = 1; a < 0x10000; a++) if (multiply(a, invert(a)) !== 1) expect.fail(`no inverse of ${a}`);
  });

  it('has 0 where 0 would have an inverse', () => {
    expect(invert(0)).to.equal(0);
  });
});

function shiftAndAdd(a: number, b: number): number {
  let product = 0;
  for (let bit = 15; bit >= 0; bit--) {
    product <<= 1;
    if (product > 0xffff) product ^= 0x1100b;
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}
