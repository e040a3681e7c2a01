import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import type { GroupCombination, Plan } from '../round/plan.js';
import type { RoundKind } from '../wire/messages.js';
import { type DecodedSum, decodeEvaluation, decodeSum, decodeTotals, meanInPlace } from './decode.js';

/** Groups below which a median or a trimmed mean is decided by whoever spoils one of them. */
export const robustGroupsMin = 3;

/** The opened sum of one group. */
export interface GroupSum {
  /** Payload lanes for each segment of the round, centred. */
  readonly lanes: readonly Int32Array[];
  /** |U3| of the group. */
  readonly survivors: number;
}

/** Takes the opened sums of a round one after the other and keeps no more of them than the plan's rule needs. */
export interface GroupCombiner {
  /**
   * @param sum its lanes are the combiner's from here on, and change in place.
   * @throws as `decodeSum`: a sum that is impossible for its survivors; it was not taken.
   */
  add(sum: GroupSum): void;
  /** @returns of an evaluation an empty mean and no weight. @throws `invalid-argument` when no group was taken. */
  finish(): DecodedSum;
}

/**
 * Combine the groups of one round. Weights and metrics are added over the groups, whatever is made of the model lanes: with `sum` these are
 * added too, as integers, before the one division by the total weight, so that the mean is the one a single session of everybody would
 * give; else it is `combineMeans` of the groups' weighted means, each group counting once. Memory: [d] for `sum`, [d] for each group else.
 */
export function combineGroups(options: {
  readonly crypto: CryptoPort;
  readonly plan: Plan;
  readonly kind: RoundKind;
  /** Of the model that was trained from; with the plan it fixes the rotation. */
  readonly baseModelHash: Uint8Array;
  readonly kernels?: Kernels;
}): GroupCombiner {
  const { crypto, plan, kind, baseModelHash, kernels = plainKernels } = options;
  const decode = (sum: GroupSum) =>
    decodeSum({ crypto, plan, baseModelHash, ...sum, kernels, target: meanInPlace(plan, sum.lanes) });
  const rule: GroupCombination = plan.secureAggregation.groups ?? { combine: 'sum' };
  const keepsMeans = kind === 'train' && rule.combine !== 'sum';
  const means: Float32Array[] = [];
  let total: GroupSum | undefined;
  return {
    add({ lanes, survivors }) {
      if (kind === 'evaluate') decodeEvaluation(plan, lanes, survivors);
      else decodeTotals(plan, lanes, survivors);
      if (keepsMeans) means.push(decode({ lanes, survivors }).mean);
      const isAdded = (segment: number) => !keepsMeans || plan.secureAggregation.segments[segment]!.kind !== 'model';
      total = total === undefined ? { lanes, survivors } : addSums(total, { lanes, survivors }, isAdded);
    },
    finish() {
      if (total === undefined) throw new FederatedError('invalid-argument', 'there is no sum to combine');
      const { lanes, survivors } = total;
      if (kind === 'evaluate') {
        return { mean: new Float32Array(0), totalWeight: 0, metrics: decodeEvaluation(plan, lanes, survivors) };
      }
      if (!keepsMeans) return decode(total);
      return { mean: combineMeans(means, rule), ...decodeTotals(plan, lanes, survivors) };
    },
  };
}

// The plan's check keeps every sum over the largest round below 2^31.
function addSums(total: GroupSum, { lanes, survivors }: GroupSum, isAdded: (segment: number) => boolean): GroupSum {
  total.lanes.forEach((sums, segment) => {
    if (!isAdded(segment)) return;
    const added = lanes[segment]!;
    for (let i = 0; i < sums.length; i++) sums[i]! += added[i]!;
  });
  return { lanes: total.lanes, survivors: total.survivors + survivors };
}

/** Groups that a trimmed mean leaves out at either end: ⌊k · trimPercent/100⌋, so that a rest is always left. */
export function trimmedGroups(groups: number, trimPercent: number): number {
  return Math.floor((groups * trimPercent) / 100);
}

/**
 * A robust mean of k vectors, coordinate by coordinate: the median (of an even number the mean of the two in the middle), or the mean of
 * what is left when the ⌊k · trimPercent/100⌋ smallest and largest are left out.
 *
 * @param means k ≥ 1 of [d] float32; unchanged.
 * @returns a new [d]. Computed in float64, rounded once.
 * @see Yin et al. 2018 (arXiv:1803.01498), Definitions 1 and 2, with secure groups in the place of single machines: a group in which one
 *   member misbehaves counts as one that does. `sum` has no place here: it adds integers, not means.
 */
export function combineMeans(
  means: readonly Float32Array[],
  rule: Exclude<GroupCombination, { readonly combine: 'sum' }>,
): Float32Array {
  const groups = means.length;
  const middle = rule.combine === 'median';
  const left = middle ? Math.floor((groups - 1) / 2) : trimmedGroups(groups, rule.trimPercent);
  const kept = groups - 2 * left;
  const sorted = new Float64Array(groups);
  return means[0]!.map((_, i) => {
    for (let group = 0; group < groups; group++) sorted[group] = means[group]![i]!;
    sorted.sort();
    let sum = 0;
    for (let at = left; at < groups - left; at++) sum += sorted[at]!;
    return sum / kept;
  });
}
