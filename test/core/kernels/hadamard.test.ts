import { l2Norm, plainKernels } from '@concordat/core';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import { crypto } from '../../support/session.js';

const { rotate } = plainKernels;
const random = seededRandom(crypto, 11, 'hadamard');

const forward = (values: readonly number[], signs: number): number[] => {
  const rotated = Float32Array.from(values);
  rotate(rotated, Uint8Array.of(signs), 'forward');
  return [...rotated];
};

function randomVector(m: number): Float32Array {
  const drawn = new Int16Array(m);
  for (let at = 0; at < m; at += 32_768) {
    const piece = random.bytes(2 * Math.min(32_768, m - at));
    drawn.set(new Int16Array(piece.buffer, piece.byteOffset, piece.length / 2), at);
  }
  return Float32Array.from(drawn, (value) => value / 2 ** 15);
}

function randomSigns(m: number): Uint8Array {
  return random.bytes(Math.ceil(m / 8));
}

describe('A Hadamard transform with random signs', () => {
  it('is what one computes by hand with H2 and H4', () => {
    const half = Math.fround(Math.SQRT1_2);
    expect(forward([3], 0b0)).to.deep.equal([3]);
    expect(forward([3], 0b1)).to.deep.equal([-3]);
    expect(forward([1, 0], 0b00)).to.deep.equal([half, half]);
    expect(forward([0, 1], 0b00)).to.deep.equal([half, -half]);
    expect(forward([0, 1], 0b10)).to.deep.equal([-half, half]);
    // H4 rows: + + + +, + − + −, + + − −, + − − +; halved.
    expect(forward([1, 2, 3, 4], 0b0000)).to.deep.equal([5, -1, -2, 0]);
    expect(forward([1, 2, 3, 4], 0b0110)).to.deep.equal([0, -2, -1, 5]);
    expect(forward([1, 2, 3, 4], 0b1001)).to.deep.equal([0, 2, 1, -5]);
  });

  it("has Sylvester's matrix in its natural order: the sign of entry (i, j) is the parity of i and j", () => {
    const m = 32;
    for (let j = 0; j < m; j++) {
      const column = new Float32Array(m);
      column[j] = Math.sqrt(m);
      rotate(column, new Uint8Array(m / 8), 'forward');
      const parity = (i: number) => [...(i & j).toString(2)].filter((bit) => bit === '1').length % 2;
      expect([...column].map((value) => Math.round(value * 1e6) / 1e6)).to.deep.equal(
        [...column].map((_, i) => (parity(i) === 0 ? 1 : -1)),
      );
    }
  });

  it('is undone by the way back, and keeps the norm, up to what float32 rounds', () => {
    for (let power = 0; power <= 17; power++) {
      const m = 2 ** power;
      const values = randomVector(m);
      const signs = randomSigns(m);
      const rotated = values.slice();
      rotate(rotated, signs, 'forward');
      expect(l2Norm(rotated)).to.be.closeTo(l2Norm(values), 1e-6 * l2Norm(values));
      rotate(rotated, signs, 'back');
      // Each of 2·log2(m) + 2 operations rounds by at most 2⁻²⁴ of what it holds.
      const tolerance = (2 * power + 2) * 2 ** -24 * l2Norm(values);
      expect(l2Norm(rotated.map((value, i) => value - values[i]!))).to.be.at.most(tolerance);
    }
  });

  it('does not overflow where the norm does not', () => {
    const values = new Float32Array(4096).fill(1e36);
    rotate(values, new Uint8Array(512), 'forward');
    expect(values[0]).to.be.closeTo(64e36, 1e31);
    expect(values.subarray(1).every((value) => value === 0)).to.equal(true);
  });
});
