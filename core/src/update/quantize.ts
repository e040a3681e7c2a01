import { FederatedError } from '../errors.js';
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
 * @param options.magnitudeMax L: results stay within ±L. Only float32 rounding after a clip can reach past it.
 * @param options.random four bytes are drawn for each value.
 * @returns a new [m] of integers.
 * @throws `invalid-argument` for a scale or value that is not finite.
 */
export function quantize(
  values: Float32Array,
  options: { readonly scale: number; readonly magnitudeMax: number; readonly random: Random },
): Int32Array {
  const { scale, magnitudeMax, random } = options;
  if (!(Number.isFinite(scale) && scale >= 0)) {
    throw new FederatedError('invalid-argument', 'the quantization scale is not finite', {
      detail: { offered: String(scale) },
    });
  }
  const lanes = new Int32Array(values.length);
  for (let first = 0; first < values.length; first += drawBytes / 4) {
    const count = Math.min(drawBytes / 4, values.length - first);
    const drawn = random.bytes(4 * count);
    const view = new DataView(drawn.buffer, drawn.byteOffset, drawn.byteLength);
    for (let i = 0; i < count; i++) {
      const t = values[first + i]! * scale;
      const floor = Math.floor(t);
      const r = view.getUint32(4 * i, true) / 2 ** 32;
      const lane = floor + (t - floor > r ? 1 : 0);
      lanes[first + i] = Math.max(-magnitudeMax, Math.min(magnitudeMax, requireNumber(lane)));
    }
  }
  return lanes;
}

function requireNumber(lane: number): number {
  if (!Number.isNaN(lane)) return lane;
  throw new FederatedError('invalid-argument', 'NaN cannot be quantized', { detail: { rule: 'update.finite' } });
}
