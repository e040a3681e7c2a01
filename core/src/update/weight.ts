import { FederatedError } from '../errors.js';
import type { Weighting } from '../round/plan.js';

/** One whole weight in integer units: weights and rates are multiples of 2⁻¹⁵. */
export const weightUnit = 2 ** 15;

/**
 * W̃ = max(1, round(2^15 · min(n, W)/W)): the integer that multiplies an update and is summed beside it.
 *
 * @param options.examples n ≥ 1, local training examples. @param options.maxWeight W ≥ 1.
 * @param options.weighting `equal`: 2^15 for everybody · `powers-of-two`: min(n, W) is rounded down to a power of two ·
 *   `examples`: exact.
 * @returns an integer from 1 to 2^15. It tells about the records: it leaves this machine only masked.
 * @throws `invalid-argument` without an example.
 */
export function integerWeight(options: {
  readonly examples: number;
  readonly maxWeight: number;
  readonly weighting: Weighting;
}): number {
  const { examples, maxWeight, weighting } = options;
  if (!Number.isInteger(examples) || examples < 1) {
    throw new FederatedError('invalid-argument', 'a contribution needs at least one example', {
      detail: { required: 1, offered: examples },
      fix: 'Point the participant at a directory with records.',
    });
  }
  if (weighting === 'equal') return weightUnit;
  const counted = Math.min(examples, maxWeight);
  const kept = weighting === 'powers-of-two' ? 2 ** Math.floor(Math.log2(counted)) : counted;
  return Math.max(1, Math.round((weightUnit * kept) / maxWeight));
}
