import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import type { Random } from '../random.js';
import type { Plan } from '../round/plan.js';
import { roundSegments } from '../round/segments.js';
import { laneMagnitude } from '../secagg/layout.js';
import type { Segment } from '../wire/messages.js';
import { clipDelta } from './clip.js';
import { requireFinite } from './delta.js';
import { quantize } from './quantize.js';
import { requireParameters } from './tensors.js';
import { integerWeight, weightUnit } from './weight.js';

/** Measured values of the model received, by the plan's metric names. */
export type MetricValues = Readonly<Record<string, number>>;

/**
 * One participant's update as integer lanes: clipped, weighted, stochastically rounded, with its weight and its metrics.
 *
 * @param options.delta [d] float32, trained minus initial; not changed.
 * @param options.examples n ≥ 1.
 * @param options.metrics every metric of the plan; without it the metric lanes are zero and count nobody.
 * @param options.random secret of this participant; used for the rounding only.
 * @returns payload lanes for each of the plan's segments, in order: model SR(W̃/2^15 · Δ_j · (2^(q−1) − 1)/bound),
 *   weight W̃, metrics in units of 2⁻¹⁵ of their `max` followed by the number 1. Secret until masked.
 * @throws `refused` `model.parameters` or `update.finite`; `invalid-argument` for a missing or infinite metric.
 */
export function encodeUpdate(options: {
  readonly plan: Plan;
  readonly delta: Float32Array;
  readonly examples: number;
  readonly metrics?: MetricValues;
  readonly random: Random;
  readonly kernels?: Kernels;
}): Int32Array[] {
  const { plan, delta, random, kernels = plainKernels } = options;
  requireParameters(delta, plan.task.model.tensors);
  requireFinite(delta, plan.task.model.tensors);
  const weight = integerWeight({
    examples: options.examples,
    maxWeight: plan.secureAggregation.maxWeight,
    weighting: plan.weighting,
  });
  const clipped = clipDelta(delta, plan.clippingNorm);
  let at = 0;
  return plan.secureAggregation.segments.map((segment) => {
    if (segment.kind === 'weight') return Int32Array.of(weight);
    if (segment.kind === 'metrics') return metricLanes(plan, segment, options.metrics);
    const values = clipped.subarray(at, at + segment.length);
    at += segment.length;
    const magnitudeMax = laneMagnitude(segment);
    const scale = ((weight / weightUnit) * magnitudeMax) / segment.bound;
    return quantize(values, { scale, magnitudeMax, random, kernels });
  });
}

/**
 * What a participant sends where nothing is trained: its metrics of the model received.
 *
 * @param metrics every metric of the plan; without it the lanes are zero and count nobody.
 * @returns payload lanes of the plan's metrics segment, as in `encodeUpdate`. Secret until masked.
 * @throws `invalid-argument` for a missing or infinite metric.
 */
export function encodeEvaluation(plan: Plan, metrics: MetricValues | undefined): Int32Array[] {
  return roundSegments(plan, 'evaluate').map((segment) => metricLanes(plan, segment, metrics));
}

function metricLanes(plan: Plan, segment: Segment, values: MetricValues | undefined): Int32Array {
  const lanes = new Int32Array(segment.length);
  if (values === undefined) return lanes;
  plan.metrics.forEach((metric, i) => {
    const value = values[metric.name];
    if (value === undefined || !Number.isFinite(value)) {
      throw new FederatedError('invalid-argument', `metric ${metric.name} was not measured`, {
        detail: { required: metric.name, offered: String(value) },
        fix: 'Let the trainer report every metric of the plan, or send none.',
      });
    }
    const share = Math.min(1, Math.max(0, value / metric.max));
    lanes[i] = Math.round(share * weightUnit);
  });
  lanes[segment.length - 1] = 1;
  return lanes;
}
