import { FederatedError } from '../errors.js';
import { bounds } from '../wire/bounds.js';
import { invert, type Multiplier, multiplierOf, multiply } from './field.js';

/** Bytes of a secret and of a share: 16 big-endian limbs, each shared by a polynomial of its own. */
export const shareBytes = 32;
const limbs = 16;

/** A share with its x-coordinate, 1 … 65,535. */
export interface ShamirShare {
  readonly x: number;
  /** 32 bytes, secret. */
  readonly share: Uint8Array;
}

/**
 * Share a secret so that any `threshold` shares rebuild it and fewer tell nothing.
 *
 * @param secret 32 bytes: the constant terms.
 * @param coefficients [threshold − 1][32] uniform bytes, the higher terms; the same bytes give the same shares.
 * @param shares how many, at x = 1 … shares.
 * @returns [shares], each 32 bytes; share i belongs to x = i + 1.
 * @throws `invalid-argument` for wrong lengths.
 * @see Shamir, How to Share a Secret, CACM 1979; over GF(2^16).
 */
export function split(secret: Uint8Array, coefficients: Uint8Array, shares: number): readonly Uint8Array[] {
  if (secret.length !== shareBytes || coefficients.length % shareBytes !== 0 || shares < 1 || shares > 0xffff) {
    throw new FederatedError('invalid-argument', 'a secret and its coefficients are rows of 32 bytes', {
      detail: { secretBytes: secret.length, coefficientBytes: coefficients.length, shares },
    });
  }
  const terms = new Uint16Array((secret.length + coefficients.length) / 2);
  toLimbs(secret, terms.subarray(0, limbs));
  toLimbs(coefficients, terms.subarray(limbs));
  const shared = Array.from({ length: shares }, (_, index) => evaluate(terms, index + 1));
  terms.fill(0);
  return shared;
}

/**
 * Weights λ_i with secret = Σ λ_i · share_i for shares at these x-coordinates.
 *
 * @param xs [t] distinct, 1 … 65,535. Computed once for many secrets revealed by the same participants.
 * @throws `invalid-argument` when one repeats or is 0.
 */
export function lagrangeAtZero(xs: readonly number[]): readonly number[] {
  if (new Set(xs).size !== xs.length || xs.some((x) => !Number.isInteger(x) || x < 1 || x > 0xffff)) {
    throw new FederatedError('invalid-argument', 'x-coordinates must be distinct and not 0', {
      detail: { count: xs.length },
    });
  }
  return xs.map((x) => {
    let numerator = 1;
    let denominator = 1;
    for (const other of xs) {
      if (other === x) continue;
      numerator = multiply(numerator, other);
      denominator = multiply(denominator, other ^ x);
    }
    return multiply(numerator, invert(denominator));
  });
}

/**
 * Rebuild the secret from exactly t shares. Fewer, or a wrong one, give another 32 bytes: check the result against its commitment.
 *
 * @param shares [t] at distinct x.
 * @returns 32 bytes, secret.
 */
export function combine(shares: readonly ShamirShare[]): Uint8Array {
  const weights = lagrangeAtZero(shares.map((share) => share.x));
  const secret = new Uint16Array(limbs);
  shares.forEach(({ share }, index) => {
    const values = toLimbs(share, new Uint16Array(limbs));
    for (let limb = 0; limb < limbs; limb++) secret[limb] = secret[limb]! ^ multiply(weights[index]!, values[limb]!);
  });
  return toBytes(secret);
}

// Horner's rule: four limbs at once, whose look-ups do not wait for one another.
function evaluate(terms: Uint16Array, x: number): Uint8Array {
  const { low, high } = knownMultiplier(x);
  const value = new Uint16Array(limbs);
  for (let limb = 0; limb < limbs; limb += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let at = terms.length - limbs + limb; at >= 0; at -= limbs) {
      a = low[a & 0xff]! ^ high[a >>> 8]! ^ terms[at]!;
      b = low[b & 0xff]! ^ high[b >>> 8]! ^ terms[at + 1]!;
      c = low[c & 0xff]! ^ high[c >>> 8]! ^ terms[at + 2]!;
      d = low[d & 0xff]! ^ high[d >>> 8]! ^ terms[at + 3]!;
    }
    value.set([a, b, c, d], limb);
  }
  return toBytes(value);
}

/** A kilobyte for each x-coordinate of a cohort, made when it is first needed. */
const multipliers: Multiplier[] = [];

function knownMultiplier(x: number): Multiplier {
  if (x > bounds.cohortMax) return multiplierOf(x);
  multipliers[x] ??= multiplierOf(x);
  return multipliers[x];
}

/** @param out half as many limbs as bytes; changed in place. */
function toLimbs(bytes: Uint8Array, out: Uint16Array): Uint16Array {
  for (let i = 0; i < out.length; i++) out[i] = (bytes[2 * i]! << 8) | bytes[2 * i + 1]!;
  return out;
}

function toBytes(values: Uint16Array): Uint8Array {
  const out = new Uint8Array(shareBytes);
  for (let i = 0; i < limbs; i++) {
    out[2 * i] = values[i]! >>> 8;
    out[2 * i + 1] = values[i]! & 0xff;
  }
  return out;
}
