import type { LaneBits } from './port.js';

/** `Kernels.packLanes`, one lane and one byte at a time. */
export function packLanes(bits: LaneBits, values: Int32Array, target: Uint8Array): number {
  const width = bits / 8;
  const largest = 2 ** (bits - 1);
  for (let i = 0, at = 0; i < values.length; i++, at += width) {
    const value = values[i]!;
    if (value < -largest || value >= largest) return i;
    target[at] = value;
    target[at + 1] = value >> 8;
    if (width > 2) target[at + 2] = value >> 16;
    if (width > 3) target[at + 3] = value >> 24;
  }
  return -1;
}

/** `Kernels.unpackLanes`, one lane and one byte at a time. */
export function unpackLanes(bits: LaneBits, source: Uint8Array, values: Int32Array): void {
  const width = bits / 8;
  for (let i = 0; i < values.length; i++) values[i] = laneAt(bits, source, i * width);
}

function laneAt(bits: LaneBits, source: Uint8Array, at: number): number {
  const low = source[at]! | (source[at + 1]! << 8);
  if (bits === 16) return (low << 16) >> 16;
  const middle = low | (source[at + 2]! << 16);
  return bits === 24 ? (middle << 8) >> 8 : middle | (source[at + 3]! << 24);
}
