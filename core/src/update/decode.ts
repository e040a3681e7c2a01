import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import type { Plan } from '../round/plan.js';
import { roundSegments } from '../round/segments.js';
import { laneMagnitude } from '../secagg/layout.js';
import type { Segment } from '../wire/messages.js';
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
}

/**
 * Turn the opened lanes of a session into the mean delta, the total weight and the mean metrics.
 *
 * @param plan the plan whose segments the lanes follow.
 * @param lanes payload lanes for each segment, centred (signed).
 * @param survivors |U3|; bounds the weight and the counts.
 * @throws `verification` when the weight or a count is impossible for so many survivors: a participant broke the encoding.
 */
export function decodeSum(
  plan: Plan,
  lanes: readonly Int32Array[],
  survivors: number,
  kernels: Kernels = plainKernels,
): DecodedSum {
  const { segments } = plan.secureAggregation;
  requireLanes(segments, lanes);
  const totalWeight = lanes[segments.findIndex((segment) => segment.kind === 'weight')]?.[0] ?? 0;
  requireRange('weight', totalWeight, survivors, survivors * weightUnit);
  const mean = new Float32Array(parameterCount(plan.task.model.tensors));
  let metrics: readonly MeanMetric[] = [];
  let at = 0;
  segments.forEach((segment, i) => {
    const sums = lanes[i]!;
    if (segment.kind === 'metrics') metrics = meanMetrics(plan, sums, survivors);
    if (segment.kind !== 'model') return;
    const unit = (segment.bound / laneMagnitude(segment)) * (weightUnit / totalWeight);
    kernels.scale(sums, unit, mean.subarray(at, at + sums.length));
    at += sums.length;
  });
  return { mean, totalWeight, metrics };
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

function requireRange(lane: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw new FederatedError('verification', `the opened ${lane} lane is impossible for these survivors`, {
    detail: { lane, required: `${min} to ${max}`, offered: value },
    fix: 'One of the survivors broke the encoding; compare their software versions.',
  });
}
