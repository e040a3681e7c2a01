import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import type { Random } from '../random.js';
import { hashPlan, type Plan } from '../round/plan.js';
import { isRotated, roundSegments } from '../round/segments.js';
import { laneMagnitude } from '../secagg/layout.js';
import type { Segment } from '../wire/messages.js';
import { clipDelta } from './clip.js';
import { requireFinite } from './delta.js';
import { quantize } from './quantize.js';
import { countExcess, rotate, rotationSigns } from './rotation.js';
import { requireParameters } from './tensors.js';
import { integerWeight, weightUnit } from './weight.js';

/** Measured values of the model received, by the plan's metric names. */
export type MetricValues = Readonly<Record<string, number>>;

/**
 * One participant's update as integer lanes: clipped, rotated where the plan says so, weighted, stochastically rounded, with its weight and
 * its metrics.
 *
 * @param options.baseModelHash of the model that was trained from; with the plan it fixes the rotation.
 * @param options.delta [d] float32, trained minus initial; not changed, unless `isSpent`: then its memory is worked in.
 * @param options.allocate makes the lanes of the model; new arrays unless given.
 * @param options.examples n ≥ 1.
 * @param options.metrics every metric of the plan; without it the metric lanes are zero and count nobody.
 * @param options.random secret of this participant; used for the rounding only.
 * @returns payload lanes for each of the plan's segments, in order: model SR(W̃/2^15 · Δ_j · (2^(q−1) − 1)/bound),
 *   weight W̃, excess: how many model lanes were clipped after the rotation (2^15 at most), metrics in units of 2⁻¹⁵ of their `max` followed by the number 1. Secret until masked.
 * @throws `refused` `model.parameters` or `update.finite`; `invalid-argument` for a missing or infinite metric.
 */
export function encodeUpdate(options: {
  readonly crypto: CryptoPort;
  readonly plan: Plan;
  readonly baseModelHash: Uint8Array;
  readonly delta: Float32Array;
  readonly examples: number;
  readonly metrics?: MetricValues;
  readonly random: Random;
  readonly kernels?: Kernels;
  readonly isSpent?: boolean;
  readonly allocate?: (length: number) => Int32Array;
}): Int32Array[] {
  const { crypto, plan, baseModelHash, delta, random, kernels = plainKernels, isSpent = false, allocate } = options;
  const { segments } = plan.secureAggregation;
  requireParameters(delta, plan.task.model.tensors);
  requireFinite(delta, plan.task.model.tensors);
  const weight = integerWeight({
    examples: options.examples,
    maxWeight: plan.secureAggregation.maxWeight,
    weighting: plan.weighting,
  });
  const clipped = clipDelta(delta, plan.clippingNorm, isSpent ? delta : undefined);
  const signs = isRotated(plan)
    ? rotationSigns(crypto, { planHash: hashPlan(crypto, plan), baseModelHash })
    : undefined;
  let at = 0;
  let excess = 0;
  const lanes = segments.map((segment) => {
    if (segment.kind === 'weight') return Int32Array.of(weight);
    if (segment.kind === 'metrics') return metricLanes(plan, segment, options.metrics);
    if (segment.kind === 'excess') return new Int32Array(1);
    const values = clipped.subarray(at, at + segment.length);
    at += segment.length;
    const magnitudeMax = laneMagnitude(segment);
    const scale = ((weight / weightUnit) * magnitudeMax) / segment.bound;
    if (signs !== undefined) {
      rotate(values, signs, kernels);
      excess += countExcess(values, { scale, magnitudeMax });
    }
    return quantize(values, { scale, magnitudeMax, random, kernels, ...(allocate && { allocate }) });
  });
  segments.forEach((segment, i) => {
    if (segment.kind === 'excess') lanes[i]![0] = Math.min(excess, segment.bound);
  });
  return lanes;
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
