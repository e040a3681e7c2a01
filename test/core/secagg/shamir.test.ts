import { combine, FederatedError, invert, lagrangeAtZero, multiply, split } from '@concordat/core';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import { detailThrownBy } from '../../support/rules.js';
import { crypto } from '../../support/session.js';

const random = seededRandom(crypto, 1, 'shamir');
const at = (shares: readonly Uint8Array[], xs: readonly number[]) => xs.map((x) => ({ x, share: shares[x - 1]! }));

describe('Shamir shares', () => {
  it('rebuild the secret from any t of them, in any order', () => {
    const secret = random.bytes(32);
    const shares = split(secret, random.bytes(32 * 3), 7);
    for (const xs of [
      [1, 2, 3, 4],
      [7, 5, 3, 1],
      [2, 3, 6, 7],
    ]) {
      expect(combine(at(shares, xs))).to.deep.equal(secret);
    }
  });

  it('tell nothing when one is missing: every secret fits t − 1 of them', () => {
    const secret = random.bytes(32);
    const shares = split(secret, random.bytes(32 * 2), 5);
    const other = random.bytes(32);
    // Any claimed secret, as a share at a point of its own, has a third share that agrees with the two known ones.
    const [one, two] = [shares[0]!, shares[1]!];
    const third = extrapolate(other, one, two);
    expect(
      combine([
        { x: 1, share: one },
        { x: 2, share: two },
        { x: 3, share: third },
      ]),
    ).to.deep.equal(other);
  });

  it('rebuild something else from too few or from a wrong one', () => {
    const secret = random.bytes(32);
    const shares = split(secret, random.bytes(32 * 3), 6);
    expect(combine(at(shares, [1, 2, 3]))).to.not.deep.equal(secret);
    const wrong = at(shares, [1, 2, 3, 4]).map((entry, i) => (i === 0 ? { ...entry, share: random.bytes(32) } : entry));
    expect(combine(wrong)).to.not.deep.equal(secret);
  });

  it('are the same bytes for the same coefficients', () => {
    const [secret, coefficients] = [random.bytes(32), random.bytes(64)];
    expect(split(secret, coefficients, 5)).to.deep.equal(split(secret, coefficients, 5));
  });

  it('are read as big-endian limbs', () => {
    const one = new Uint8Array(32);
    const coefficients = new Uint8Array(32);
    one[1] = 1;
    coefficients[0] = 0x80;
    // Limb 0 is 1 + 0x8000·x; at x = 2 the product leaves the field's 16 bits.
    const [, second] = split(one, coefficients, 2);
    expect([...second!.subarray(0, 4)]).to.deep.equal([0x10, 0x0a, 0, 0]);
  });

  it('refuse an x that is 0 or repeats, and rows that are not 32 bytes', () => {
    expect(() => lagrangeAtZero([1, 1])).to.throw(FederatedError);
    expect(() => lagrangeAtZero([0, 1])).to.throw(FederatedError);
    expect(() => split(new Uint8Array(31), new Uint8Array(32), 3)).to.throw(FederatedError);
    expect(() => split(new Uint8Array(32), new Uint8Array(33), 3)).to.throw(FederatedError);
  });

  it('are as many as the field has units, and one at least', () => {
    const dealt = (shares: number) => split(new Uint8Array(32), new Uint8Array(0), shares).length;
    expect([dealt(1), dealt(65_535)]).to.deep.equal([1, 65_535]);
    for (const shares of [0, 65_536]) {
      expect(detailThrownBy(() => dealt(shares))).to.deep.include({ secretBytes: 32, coefficientBytes: 0, shares });
    }
    expect(lagrangeAtZero([65_535])).to.deep.equal([1]);
    for (const x of [65_536, 1.5]) expect(detailThrownBy(() => lagrangeAtZero([1, x]))).to.include({ count: 2 });
  });
});

/** The share at x = 3 of the polynomial of degree 2 through (0, secret), (1, one), (2, two). */
function extrapolate(secret: Uint8Array, one: Uint8Array, two: Uint8Array): Uint8Array {
  // secret = λ1·one + λ2·two + λ3·three, solved for three, limb by limb.
  const known = combine([
    { x: 1, share: one },
    { x: 2, share: two },
    { x: 3, share: new Uint8Array(32) },
  ]);
  const factor = invert(lagrangeAtZero([1, 2, 3])[2]!);
  const three = new DataView(new ArrayBuffer(32));
  for (let at = 0; at < 32; at += 2) three.setUint16(at, multiply(limb(secret, at) ^ limb(known, at), factor));
  return new Uint8Array(three.buffer);
}

function limb(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
