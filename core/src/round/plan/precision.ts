import { laneMagnitude } from '../../secagg/layout.js';
import { rotatedBound } from '../../update/rotation.js';
import type { Plan } from '../plan.js';
import { isRotated, planParameters } from '../segments.js';

/**
 * How finely a model segment's values are rounded, for people, and what the rotation does to it or would do:
 * "model in steps of 2.30e-7 at the largest weight, 133 times finer for the rotation".
 */
export function describePrecision(plan: Plan): string {
  const parameters = planParameters(plan);
  const { clippingNorm } = plan;
  return plan.secureAggregation.segments
    .filter(({ kind }) => kind === 'model')
    .map((segment) => {
      const { name, length, bound } = segment;
      const finer = clippingNorm / rotatedBound({ clippingNorm, length, parameters });
      const times = `${finer < 10 ? finer.toFixed(1) : Math.round(finer)} times`;
      const effect = isRotated(plan) ? `, ${times} finer for the rotation` : `, ${times} finer with a rotation`;
      const step = (bound / laneMagnitude(segment)).toExponential(2);
      return `${name} in steps of ${step} at the largest weight${finer > 1 ? effect : ''}`;
    })
    .join('; ');
}
