import type { Plan } from './plan.js';

/**
 * What the mean of a session is multiplied by that was trained from a model `staleness` versions older than the one it is applied to.
 * Exact in every engine: a quotient, and a square root of IEEE 754.
 *
 * @param staleness ≥ 0. @returns (0, 1]; 1 in a synchronous run.
 * @see Nguyen et al. 2022 (arXiv:2106.06639), section 5: 1 ÷ √(1 + τ).
 */
export function meanScale({ mode }: Plan, staleness: number): number {
  if (mode === 'sync') return 1;
  switch (mode.async.stalenessWeight) {
    case 'none':
      return 1;
    case 'inverse-sqrt':
      return 1 / Math.sqrt(1 + staleness);
    case 'inverse':
      return 1 / (1 + staleness);
  }
}

/** @param mean [d], scaled in place, each value rounded to float32 once. @returns the same array. */
export function scaleMean(mean: Float32Array, scale: number): Float32Array {
  if (scale !== 1) for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! * scale;
  return mean;
}
