import type { CryptoPort, Keystream } from '../crypto/port.js';
import type { Kernels } from '../kernels/port.js';
import type { Rotation } from '../round/plan.js';
import { taggedHash } from '../secagg/identifiers.js';

/** The chance, for one update, that a lane has to be clipped after the rotation. */
const excessProbability = 1e-6;

/** Bytes of signs drawn at a time. */
const drawBytes = 65_536;

/**
 * The largest magnitude of a coordinate after a rotation: C·√(2 ln(2d/10⁻⁶)/m), never above C, to six digits; m is the largest power of
 * two up to `length`. Every coordinate is a sum with random signs whose squares add up to at most C²/m, wherever the norm lies (Hoeffding), and
 * there are d of them: all of an update stay within it but for one update in a million.
 *
 * @param options.clippingNorm C. @param options.length of the segment. @param options.parameters d, of all segments.
 * @see Suresh et al. 2017 (arXiv:1611.00429), §3; Kairouz et al. 2021 (arXiv:2102.06387), the flattening step.
 */
export function rotatedBound(options: {
  readonly clippingNorm: number;
  readonly length: number;
  readonly parameters: number;
}): number {
  const { clippingNorm, length, parameters } = options;
  const share = Math.sqrt((2 * Math.log((2 * parameters) / excessProbability)) / transformLength(length));
  // Six digits are the same whichever machine computes the logarithm, and are what a person reads in the plan.
  return Math.min(clippingNorm, Number((clippingNorm * share).toPrecision(6)));
}

/**
 * What a plan does that does not say it: rotate where rounding alone would add more than a thousandth of an update's own squared norm, and
 * where the rotation makes that ten times less at least.
 *
 * Rounding adds at most d/(6L²) of it, L = 2^(q−1) − 1, for an update at the clipping norm whose values are far from zero: more than a thousandth from d = 97
 * at q = 8, 400,000 at q = 14, 6,400,000 at q = 16.
 */
export function defaultRotation(options: { readonly parameters: number; readonly quantBits: number }): Rotation {
  const { parameters, quantBits } = options;
  const added = parameters / (6 * (2 ** (quantBits - 1) - 1) ** 2);
  const kept = rotatedBound({ clippingNorm: 1, length: parameters, parameters }) ** 2;
  return added > 1e-3 && kept < 0.1 ? 'hadamard' : 'none';
}

/**
 * The signs of a rotation: the keystream of H("CSA1/rotation", planHash, baseModelHash). Public. All who train from one model by one plan
 * rotate alike, in every group and in a repeated round, so that their lanes can be added and an update in hand is not encoded
 * again; and nobody chose it after seeing an update, since there was none when the model was made.
 */
export function rotationSigns(
  crypto: CryptoPort,
  { planHash, baseModelHash }: { readonly planHash: Uint8Array; readonly baseModelHash: Uint8Array },
): Keystream {
  return crypto.openKeystream(taggedHash(crypto, 'CSA1/rotation', planHash, baseModelHash), 0);
}

/**
 * Spread a segment's norm evenly over its coordinates, in place. Nothing is padded: where the length is no power of two, the first
 * m and then the last m values are transformed, m the largest power of two that fits. Each is orthonormal, so the whole is; they overlap in the middle,
 * and every value is transformed at least once.
 *
 * @param values [length] float32, finite. @param signs read on: segments of one update share a stream, in their order.
 */
export function rotate(values: Float32Array, signs: Keystream, kernels: Kernels): void {
  for (const part of partsOf(values)) kernels.rotate(part, drawSigns(signs, part.length), 'forward');
}

/** Undo `rotate`, in place, up to rounding in float32. @param signs as they were when `rotate` read them. */
export function rotateBack(values: Float32Array, signs: Keystream, kernels: Kernels): void {
  const drawn = partsOf(values).map((part) => ({ part, signs: drawSigns(signs, part.length) }));
  for (const { part, signs } of drawn.reverse()) kernels.rotate(part, signs, 'back');
}

/**
 * Lanes that rounding will clip: values whose magnitude times `scale` is above `magnitudeMax`.
 *
 * @param values [m] float32, finite.
 */
export function countExcess(
  values: Float32Array,
  { scale, magnitudeMax }: { readonly scale: number; readonly magnitudeMax: number },
): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]! * scale) > magnitudeMax) count++;
  return count;
}

function partsOf(values: Float32Array): readonly Float32Array[] {
  const { length } = values;
  const m = transformLength(length);
  const first = values.subarray(0, m);
  return m === length ? [first] : [first, values.subarray(length - m)];
}

/** The largest power of two up to `length`, which is at most 2^28. */
function transformLength(length: number): number {
  return 2 ** (31 - Math.clz32(length));
}

/** One bit for each of `count` values; a transform begins at a whole block of the stream. */
function drawSigns(signs: Keystream, count: number): Uint8Array {
  const drawn = new Uint8Array(Math.ceil(count / 128) * 16);
  for (let at = 0; at < drawn.length; at += drawBytes) {
    drawn.set(signs.next(Math.min(drawBytes, drawn.length - at)), at);
  }
  return drawn.subarray(0, Math.ceil(count / 8));
}
