import { FederatedError } from '../errors.js';

/** L2 norm of a vector, summed in float64. */
export function l2Norm(vector: Float32Array): number {
  // In float32 the sum loses the small terms at d = 10^7 and under-reports the norm.
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  return Math.sqrt(sum);
}

/**
 * Scale a delta so that its L2 norm is at most `clippingNorm`.
 *
 * @param delta [d] float32, finite.
 * @param clippingNorm C, finite and > 0, in the units of `delta`.
 * @param into where the result goes: a new vector unless given, or `delta` itself.
 * @returns it, [d] float32; equal to `delta` when its norm is already at most C.
 * @throws `invalid-argument` if C is out of range or `delta` is not finite.
 * @see McMahan et al. 2018 (arXiv:1710.06963), Algorithm 1.
 */
export function clipDelta(
  delta: Float32Array,
  clippingNorm: number,
  into: Float32Array = new Float32Array(delta.length),
): Float32Array {
  const norm = l2Norm(delta);
  if (!(Number.isFinite(clippingNorm) && clippingNorm > 0 && Number.isFinite(norm))) {
    throw new FederatedError('invalid-argument', 'clipping needs a finite delta and a finite norm above 0', {
      detail: { required: '> 0', offered: String(clippingNorm), deltaFinite: Number.isFinite(norm) },
    });
  }
  if (into !== delta) into.set(delta);
  if (norm <= clippingNorm) return into;
  const scale = clippingNorm / norm;
  for (let i = 0; i < into.length; i++) into[i] = into[i]! * scale;
  return into;
}
