import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import { hashPlan, type Plan } from '../round/plan.js';
import { isRotated, roundSegments } from '../round/segments.js';
import { laneMagnitude } from '../secagg/layout.js';
import type { Segment } from '../wire/messages.js';
import { rotateBack, rotationSigns } from './rotation.js';
import { parameterCount } from './tensors.js';
import { weightUnit } from './weight.js';

/** A metric's mean over the participants that sent it. */
export interface MeanMetric {
  readonly name: string;
  readonly mean: number;
  readonly participants: number;
}

/** What an opened sum says. */
export interface DecodedSum {
  /** [d] float32: the weighted mean delta of the survivors. */
  readonly mean: Float32Array;
  /** Σ W̃ over the survivors, in units of 2⁻¹⁵. */
  readonly totalWeight: number;
  /** One for each metric that at least one survivor sent. */
  readonly metrics: readonly MeanMetric[];
  /** Model lanes that were clipped after the rotation, over all survivors; absent without one. One participant counts 2^15 at most. */
  readonly excess?: number;
}

/**
 * Turn the opened lanes of a session into the mean delta, the total weight and the mean metrics.
 *
 * @param options.plan the plan whose segments the lanes follow.
 * @param options.baseModelHash of the model that was trained from; with the plan it fixes the rotation.
 * @param options.lanes payload lanes for each segment, centred (signed).
 * @param options.survivors |U3|; bounds the weight and the counts.
 * @param options.target [d] to write the mean into; a new one unless given. See {@link meanInPlace}.
 * @throws `verification` when the weight or a count is impossible for so many survivors: a participant broke the encoding.
 */
export function decodeSum(options: {
  readonly crypto: CryptoPort;
  readonly plan: Plan;
  readonly baseModelHash: Uint8Array;
  readonly lanes: readonly Int32Array[];
  readonly survivors: number;
  readonly kernels?: Kernels;
  readonly target?: Float32Array;
}): DecodedSum {
  const { crypto, plan, baseModelHash, lanes, survivors, kernels = plainKernels } = options;
  const totals = decodeTotals(plan, lanes, survivors);
  const { totalWeight } = totals;
  const mean = options.target ?? new Float32Array(parameterCount(plan.task.model.tensors));
  const signs = isRotated(plan)
    ? rotationSigns(crypto, { planHash: hashPlan(crypto, plan), baseModelHash })
    : undefined;
  let at = 0;
  plan.secureAggregation.segments.forEach((segment, i) => {
    const sums = lanes[i]!;
    if (segment.kind !== 'model') return;
    const unit = (segment.bound / laneMagnitude(segment)) * (weightUnit / totalWeight);
    const values = mean.subarray(at, at + sums.length);
    kernels.scale(sums, unit, values);
    if (signs !== undefined) rotateBack(values, signs, kernels);
    at += sums.length;
  });
  return { mean, ...totals };
}

/** The same without the mean: what the weight, the metrics and the excess say. @throws as {@link decodeSum}. */
export function decodeTotals(plan: Plan, lanes: readonly Int32Array[], survivors: number): Omit<DecodedSum, 'mean'> {
  const { segments } = plan.secureAggregation;
  requireLanes(segments, lanes);
  const totalWeight = lanes[segments.findIndex((segment) => segment.kind === 'weight')]?.[0] ?? 0;
  requireRange('weight', totalWeight, survivors, survivors * weightUnit);
  let metrics: readonly MeanMetric[] = [];
  let excess: number | undefined;
  segments.forEach((segment, i) => {
    const sums = lanes[i]!;
    if (segment.kind === 'metrics') metrics = meanMetrics(plan, sums, survivors);
    if (segment.kind === 'excess') excess = requireRange('excess', sums[0]!, 0, survivors * segment.bound);
  });
  return { totalWeight, metrics, ...(excess === undefined ? {} : { excess }) };
}

/**
 * Turn the opened lanes of an evaluation into the mean metrics.
 *
 * @param lanes payload lanes of the plan's metrics segment. @param survivors |U3|; bounds the counts.
 * @throws as {@link decodeSum}.
 */
export function decodeEvaluation(plan: Plan, lanes: readonly Int32Array[], survivors: number): readonly MeanMetric[] {
  const segments = roundSegments(plan, 'evaluate');
  requireLanes(segments, lanes);
  return segments.flatMap((_, i) => meanMetrics(plan, lanes[i]!, survivors));
}

/**
 * Where `decodeSum` may write the mean when the lanes are of no further use: in their own memory if the plan has one model segment, for
 * a lane is read before its mean is written in its place. At d = 10^8 a second vector would be 400 MB.
 */
export function meanInPlace(plan: Plan, lanes: readonly Int32Array[]): Float32Array {
  const models = lanes.filter((_, i) => plan.secureAggregation.segments[i]!.kind === 'model');
  const [only] = models;
  if (models.length !== 1 || only === undefined) return new Float32Array(parameterCount(plan.task.model.tensors));
  return new Float32Array(only.buffer, only.byteOffset, only.length);
}

function requireLanes(segments: readonly Segment[], lanes: readonly Int32Array[]): void {
  if (lanes.length === segments.length && segments.every((segment, i) => lanes[i]!.length === segment.length)) return;
  throw new FederatedError('invalid-argument', 'the lanes do not follow the segments of the plan', {
    detail: { required: segments.length, offered: lanes.length },
  });
}

function meanMetrics(plan: Plan, sums: Int32Array, survivors: number): MeanMetric[] {
  const participants = sums[sums.length - 1]!;
  requireRange('metrics', participants, 0, survivors);
  if (participants === 0) return [];
  return plan.metrics.map((metric, i) => {
    requireRange(metric.name, sums[i]!, 0, participants * weightUnit);
    return { name: metric.name, mean: (sums[i]! / weightUnit / participants) * metric.max, participants };
  });
}

function requireRange(lane: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new FederatedError('verification', `the opened ${lane} lane is impossible for these survivors`, {
    detail: { lane, required: `${min} to ${max}`, offered: value },
    fix: 'One of the survivors broke the encoding; compare their software versions.',
  });
}
