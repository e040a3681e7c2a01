/** `Kernels.rotate`, one pair at a time. */
export function rotate(values: Float32Array, signs: Uint8Array, direction: 'forward' | 'back'): void {
  const scale = Math.fround(1 / Math.sqrt(values.length));
  for (let i = 0; i < values.length; i++) values[i] = values[i]! * scale;
  if (direction === 'forward') flip(values, signs);
  for (let distance = 1; distance < values.length; distance *= 2) addAndSubtract(values, distance);
  if (direction === 'back') flip(values, signs);
}

function flip(values: Float32Array, signs: Uint8Array): void {
  for (let i = 0; i < values.length; i++) if ((signs[i >> 3]! >> (i & 7)) & 1) values[i] = -values[i]!;
}

// Sums of two float32 in float64, rounded to float32, are the sums that float32 hardware gives: 53 bits are more than twice 24.
function addAndSubtract(values: Float32Array, distance: number): void {
  for (let first = 0; first < values.length; first += 2 * distance) {
    for (let i = first; i < first + distance; i++) {
      const a = values[i]!;
      const b = values[i + distance]!;
      values[i] = a + b;
      values[i + distance] = a - b;
    }
  }
}
