/**
 * z with Φ(z) = p, by bisection.
 *
 * @param p above 0 and below 1. @returns within 1e-9.
 */
export function normalQuantile(p: number): number {
  let [low, high] = [-9, 9];
  while (high - low > 1e-10) {
    const middle = (low + high) / 2;
    if (normalProbability(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Φ(z): the series of Marsaglia 2004, "Evaluating the normal distribution", within 1e-13 for |z| < 7. */
function normalProbability(z: number): number {
  if (z < -9) return 0;
  if (z > 9) return 1;
  let [term, sum] = [z, z];
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * z * z - 0.918_938_533_204_672_7);
}
