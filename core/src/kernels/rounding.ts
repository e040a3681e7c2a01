/** `Kernels.round`, one value at a time. */
export function round(
  values: Float32Array,
  random: Uint8Array,
  { scale, magnitudeMax }: { readonly scale: number; readonly magnitudeMax: number },
  lanes: Int32Array,
): number {
  const drawn = new DataView(random.buffer, random.byteOffset, random.byteLength);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) return i;
    const t = values[i]! * scale;
    const floor = Math.floor(t);
    const r = drawn.getUint32(4 * i, true) / 2 ** 32;
    const lane = floor + (t - floor > r ? 1 : 0);
    lanes[i] = Math.max(-magnitudeMax, Math.min(magnitudeMax, lane));
  }
  return -1;
}

/** `Kernels.scale`, one lane at a time. */
export function scale(lanes: Int32Array, unit: number, values: Float32Array): void {
  for (let i = 0; i < lanes.length; i++) values[i] = lanes[i]! * unit;
}
