import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import type { Kernels } from '../kernels/port.js';
import { chunkBytesAt } from '../secagg/check/served-chunk.js';
import { guardLanes, type Layout, laneBytes } from '../secagg/layout.js';
import { openSum } from '../secagg/opening.js';
import { contradiction } from '../secagg/signing.js';
import { combineGroups, type GroupCombiner } from '../update/combine.js';
import type { Weights } from '../update/tensors.js';
import { bounds } from '../wire/bounds.js';
import type { RoundSum } from '../wire/messages.js';
import { groupsRequired } from './grouping.js';
import type { Plan } from './plan.js';
import { isRotated } from './segments.js';
import { meanScale, scaleMean } from './staleness.js';
import { fedAvg } from './strategy.js';

/**
 * Refuse sums of which the plan would have made no model: too few groups, or one whose survivors are fewer than it says.
 *
 * @throws `verification` `check.groups`.
 */
export function requireGroups(plan: Plan, sums: readonly Pick<RoundSum, 'group' | 'survivors'>[]): void {
  const { groups, minSurvivors } = plan.secureAggregation;
  const required = groupsRequired(plan);
  const most = groups === undefined ? 1 : bounds.groupsMax;
  if (sums.length < required || sums.length > most) {
    throw contradiction('check.groups', 'the round was made of another number of sums than the plan says', {
      required,
      offered: sums.length,
    });
  }
  const small = sums.find(({ survivors }) => survivors < minSurvivors);
  if (small === undefined) return;
  throw contradiction('check.groups', 'a sum holds fewer updates than the plan demands', {
    required: minSurvivors,
    offered: small.survivors,
    group: small.group + 1,
  });
}

/**
 * Refuse a staleness that the plan does not allow.
 *
 * @param staleness versions between the model that was trained from and the one that the mean was applied to.
 * @throws `verification` `check.model`.
 */
export function requireStaleness({ mode }: Plan, staleness: number): void {
  const most = mode === 'sync' ? 0 : mode.async.maxStaleness;
  if (staleness <= most) return;
  throw contradiction('check.model', 'the mean was applied to a later model than the plan allows', {
    required: most,
    offered: staleness,
  });
}

/** Whether parameters of the model can be made again of some chunks: a rotation mixes all of them. */
export function isMadeByParameter(plan: Plan): boolean {
  return !isRotated(plan);
}

/** Chunks without which no parameter can be made again: they hold the weight, the metrics and what else is one for all. Ascending. */
export function totalsChunks({ segments }: Layout): readonly number[] {
  const chunks = new Set<number>();
  for (const { segment, offset, paddedBytes } of segments) {
    if (segment.kind === 'model') continue;
    const last = Math.floor((offset + paddedBytes - 1) / bounds.chunkBytes);
    for (let chunk = Math.floor(offset / bounds.chunkBytes); chunk <= last; chunk++) chunks.add(chunk);
  }
  return [...chunks].sort((a, b) => a - b);
}

/** A packed sum of which nothing is known yet: guards that count its survivors, and zeros, into which chunks are written. */
export function blankSum(layout: Layout, survivors: number): Uint8Array {
  const sum = new Uint8Array(layout.lengthBytes);
  for (const { segment, offset, lanes } of layout.segments) {
    const width = laneBytes(segment);
    for (const at of [offset, offset + (lanes - 1) * width]) {
      for (let byte = 0; byte < width; byte++) sum[at + byte] = (survivors >> (8 * byte)) & 0xff;
    }
  }
  return sum;
}

export interface ModelCheckOptions {
  readonly crypto: CryptoPort;
  readonly kernels: Kernels;
  readonly plan: Plan;
  readonly baseModelHash: Uint8Array;
  readonly layout: Layout;
}

/**
 * Make the model of a round again of the sums of its groups: of all their chunks, or, where the plan does not rotate, of the same chunks
 * of each, {@link totalsChunks} among them; then only the parameters in these chunks are the model's.
 */
export class ModelCheck {
  readonly #layout: Layout;
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #combiner: GroupCombiner;

  constructor(options: ModelCheckOptions) {
    this.#layout = options.layout;
    this.#kernels = options.kernels;
    this.#plan = options.plan;
    this.#combiner = combineGroups({ ...options, kind: 'train' });
  }

  /**
   * Take the sum of one group.
   *
   * @param sum packed; unchanged.
   * @throws `verification` `check.groups` when so many survivors cannot have it: no model could have been made with it.
   */
  add(sum: Uint8Array, { group, survivors }: Pick<RoundSum, 'group' | 'survivors'>): void {
    try {
      this.#combiner.add({ lanes: openSum(this.#layout, sum, survivors, this.#kernels), survivors });
    } catch (error) {
      if (!(error instanceof FederatedError) || error.code !== 'verification') throw error;
      throw contradiction('check.groups', `the sum of group ${group + 1} is impossible: ${error.message}`, {
        required: `a sum that ${survivors} survivors can have`,
        offered: String(error.detail.rule ?? error.detail.lane ?? 'another'),
        group: group + 1,
      });
    }
  }

  /**
   * @param current [d] the model that the mean was applied to; unchanged. @param staleness versions that it is later than the one that was
   *   trained from. @returns [d] the next one.
   */
  make(current: Weights, staleness = 0): Weights {
    const mean = scaleMean(this.#combiner.finish().mean, meanScale(this.#plan, staleness));
    return fedAvg.apply(current, mean, fedAvg.init(current)).model;
  }
}

/** Parameters in a row: [from, to). */
export interface ParameterRange {
  readonly from: number;
  readonly to: number;
  /** Chunk whose lanes they are, and the lane of the first one, counted from the front guard. */
  readonly chunk: number;
  readonly lane: number;
}

/** The parameters whose lanes are in some chunks, ascending. */
export function parametersIn(layout: Layout, chunks: readonly number[]): readonly ParameterRange[] {
  const ranges: ParameterRange[] = [];
  let before = 0;
  for (const { segment, offset, lanes } of layout.segments) {
    if (segment.kind !== 'model') continue;
    const width = laneBytes(segment);
    for (const chunk of chunks) {
      const start = chunk * bounds.chunkBytes;
      // Segments start at multiples of 48 bytes, as chunks do: no lane is in two of them.
      const first = Math.max(1, (start - offset) / width);
      const end = Math.min(lanes - guardLanes / 2, (start + chunkBytesAt(layout, chunk) - offset) / width);
      if (first < end) ranges.push({ from: before + first - 1, to: before + end - 1, chunk, lane: first });
    }
    before += segment.length;
  }
  return ranges;
}

/**
 * Compare the parameters of some chunks with the published model's, bit by bit.
 *
 * @param made [d] by {@link ModelCheck.make}. @param published [d].
 * @returns how many were compared.
 * @throws `verification` `check.model` naming the first that differs.
 */
export function requireSameParameters(made: Weights, published: Weights, ranges: readonly ParameterRange[]): number {
  const bits = (weights: Weights) => new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
  const [ours, theirs] = [bits(made), bits(published)];
  let compared = 0;
  for (const { from, to, chunk, lane } of ranges) {
    for (let at = from; at < to; at++) {
      if (ours[at] === theirs[at]) continue;
      throw contradiction('check.model', 'the published model is not what the plan makes of base model and sums', {
        required: String(made[at]),
        offered: String(published[at]),
        parameter: at,
        chunk,
        lane: lane + at - from,
      });
    }
    compared += to - from;
  }
  return compared;
}
