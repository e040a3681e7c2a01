import { addLanes, addLanesBytewise } from '@concordat/core';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import { crypto } from '../../support/session.js';

const random = seededRandom(crypto, 2, 'ring');
const widths = [16, 24, 32] as const;

describe('Lane arithmetic', () => {
  for (const bits of widths) {
    it(`of ${bits} bits is integer arithmetic mod 2^${bits}`, () => {
      const [a, b] = [random.bytes(480), random.bytes(480)];
      const [sum, difference] = [a.slice(), a.slice()];
      addLanesBytewise(bits, sum, b, 1);
      addLanesBytewise(bits, difference, b, -1);
      const modulus = 2 ** bits;
      for (let lane = 0; lane < 480 / (bits / 8); lane++) {
        const [x, y] = [laneOf(a, lane, bits), laneOf(b, lane, bits)];
        expect(laneOf(sum, lane, bits)).to.equal((x + y) % modulus);
        expect(laneOf(difference, lane, bits)).to.equal((x - y + modulus) % modulus);
      }
    });

    it(`of ${bits} bits is the same several lanes at a time, aligned or not`, () => {
      for (const sign of [1, -1] as const) {
        const [a, b] = [random.bytes(960), random.bytes(960)];
        const expected = a.slice();
        addLanesBytewise(bits, expected, b, sign);
        expect(added(bits, a, b, sign, 0, 0)).to.deep.equal(expected);
        expect(added(bits, a, b, sign, 0, 1), 'source unaligned').to.deep.equal(expected);
        expect(added(bits, a, b, sign, 3, 0), 'target unaligned').to.deep.equal(expected);
      }
    });

    it(`of ${bits} bits carries nothing into the next lane`, () => {
      const [full, ones] = [new Uint8Array(48).fill(0xff), new Uint8Array(48)];
      for (let lane = 0; lane < 48; lane += bits / 8) ones[lane] = 1;
      addLanes(bits, full, ones, 1);
      expect([...full]).to.deep.equal([...new Uint8Array(48)]);
      addLanes(bits, full, ones, -1);
      expect([...full]).to.deep.equal([...new Uint8Array(48).fill(0xff)]);
    });
  }
});

function added(
  bits: 16 | 24 | 32,
  a: Uint8Array,
  b: Uint8Array,
  sign: 1 | -1,
  shiftA: number,
  shiftB: number,
): Uint8Array {
  const [target, source] = [shifted(a, shiftA), shifted(b, shiftB)];
  addLanes(bits, target, source, sign);
  return target.slice();
}

function shifted(bytes: Uint8Array, by: number): Uint8Array {
  const copy = new Uint8Array(bytes.length + 4).subarray(by, by + bytes.length);
  copy.set(bytes);
  return copy;
}

function laneOf(bytes: Uint8Array, lane: number, bits: number): number {
  let value = 0;
  for (let i = bits / 8 - 1; i >= 0; i--) value = value * 256 + bytes[(lane * bits) / 8 + i]!;
  return value;
}
