import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import type { Random } from '../random.js';

/** Random bytes asked for at a time; four per value. */
const drawBytes = 65_536;

/**
 * Stochastic rounding to integers, unbiased: t = x·s, f = ⌊t⌋, f + (t − f > r) with r uniform in [0, 1).
 *
 * In float64: ⌊fround(x·s + r)⌋ in float32 is biased by 0.0155 of a unit at s = 2^19.
 *
 * @param values [m] float32, finite.
 * @param options.scale s, finite, ≥ 0.
 * @param options.magnitudeMax L, an integer up to 2^31 − 1: results stay within ±L. Only float32 rounding after a clip can reach past it.
 * @param options.random four bytes are drawn for each value.
 * @returns a new [m] of integers.
 * @throws `invalid-argument` for a scale, magnitude or value out of range; `update.finite` names NaN and infinities.
 */
export function quantize(
  values: Float32Array,
  options: {
    readonly scale: number;
    readonly magnitudeMax: number;
    readonly random: Random;
    readonly kernels?: Kernels;
    /** Makes the result; a new `Int32Array` unless given. */
    readonly allocate?: (length: number) => Int32Array;
  },
): Int32Array {
  const { random, kernels = plainKernels, allocate = (length) => new Int32Array(length) } = options;
  requireOptions(options);
  const lanes = allocate(values.length);
  for (let first = 0; first < values.length; first += drawBytes / 4) {
    const end = Math.min(values.length, first + drawBytes / 4);
    const drawn = random.bytes(4 * (end - first));
    const strange = kernels.round(values.subarray(first, end), drawn, options, lanes.subarray(first, end));
    if (strange !== -1) throw notFinite(values[first + strange]!, first + strange);
  }
  return lanes;
}

function requireOptions({ scale, magnitudeMax }: { readonly scale: number; readonly magnitudeMax: number }): void {
  if (!(Number.isFinite(scale) && scale >= 0)) {
    throw new FederatedError('invalid-argument', 'the quantization scale is not finite', {
      detail: { required: '≥ 0', offered: String(scale) },
    });
  }
  if (Number.isInteger(magnitudeMax) && magnitudeMax >= 0 && magnitudeMax < 2 ** 31) return;
  throw new FederatedError('invalid-argument', 'the largest lane is no integer of 32 bits', {
    detail: { required: '0 to 2147483647', offered: String(magnitudeMax) },
  });
}

function notFinite(value: number, index: number): FederatedError {
  return new FederatedError('invalid-argument', `${value} cannot be quantized`, {
    detail: { rule: 'update.finite', required: 'finite', offered: String(value), index },
  });
}
