export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** x · kernel + bias: kernel [in, out], row by row. */
export function affine(x: ArrayLike<number>, kernel: ArrayLike<number>, bias: ArrayLike<number>): number[] {
  return Array.from(bias, (start, j) => {
    let sum = start;
    for (let i = 0; i < x.length; i++) sum += x[i]! * kernel[i * bias.length + j]!;
    return sum;
  });
}

/** The slope of `f` by `values[k]`: central, with a step far above float64's rounding. */
export function difference(values: Float64Array, k: number, f: () => number): number {
  const [held, h] = [values[k]!, 1e-5];
  values[k] = held + h;
  const above = f();
  values[k] = held - h;
  const below = f();
  values[k] = held;
  return (above - below) / (2 * h);
}
