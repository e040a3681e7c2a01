/** Numbers in −1 … 1 that `seed` fixes: xorshift32. */
export function numbers(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0 || 1;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 32) * 2 - 1;
  });
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);
