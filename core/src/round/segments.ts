import { rotatedBound } from '../update/rotation.js';
import { parameterCount } from '../update/tensors.js';
import { weightUnit } from '../update/weight.js';
import type { RoundKind, Segment } from '../wire/messages.js';
import type { Plan, PlannedMetric, Rotation, TensorShape } from './plan.js';

/**
 * The segments of a plan: one of model lanes, the weight, the count of clipped lanes where there is a rotation, and the metrics with a
 * participant count.
 *
 * @param options.bits b of the model lanes. @param options.quantBits q ≤ b. 2 · maxCohort · (2^(q−1) − 1) < 2^b must hold.
 */
export function planSegments(options: {
  readonly tensors: readonly TensorShape[];
  readonly bits: 16 | 24 | 32;
  readonly quantBits: number;
  readonly clippingNorm: number;
  readonly rotation: Rotation;
  readonly metrics: readonly PlannedMetric[];
}): Segment[] {
  const { tensors, bits, quantBits, clippingNorm, rotation, metrics } = options;
  const length = parameterCount(tensors);
  const bound = rotation === 'none' ? clippingNorm : rotatedBound({ clippingNorm, length, parameters: length });
  return [
    { name: 'model', length, bits, quantBits, bound, kind: 'model' },
    { name: 'weight', length: 1, bits: 32, quantBits: 0, bound: weightUnit, kind: 'weight' },
    ...(rotation === 'none'
      ? []
      : [{ name: 'excess', length: 1, bits: 32, quantBits: 0, bound: weightUnit, kind: 'excess' } as const]),
    ...(metrics.length === 0
      ? []
      : [
          {
            name: 'metrics',
            length: metrics.length + 1,
            bits: 32,
            quantBits: 0,
            bound: weightUnit,
            kind: 'metrics',
          } as const,
        ]),
  ];
}

/** The segments of one round's vector: all of the plan, or the metrics alone where nothing is trained. */
export function roundSegments(plan: Plan, kind: RoundKind): readonly Segment[] {
  const { segments } = plan.secureAggregation;
  return kind === 'train' ? segments : segments.filter((segment) => segment.kind === 'metrics');
}

/** d: model parameters of a plan. */
export function planParameters(plan: Plan): number {
  return parameterCount(plan.task.model.tensors);
}

/** Whether updates are rotated before they are rounded. */
export function isRotated(plan: Plan): boolean {
  return plan.secureAggregation.rotation === 'hadamard';
}

/** The largest magnitude of a coordinate in a model segment of this length: C, or what a rotation leaves of it. */
export function modelBound(plan: Plan, length: number): number {
  const { clippingNorm } = plan;
  return isRotated(plan) ? rotatedBound({ clippingNorm, length, parameters: planParameters(plan) }) : clippingNorm;
}
