import { thresholdOf } from '../../secagg/thresholds.js';
import type { Plan } from '../plan.js';

/** What three organizations mean, in one sentence. */
export const threeNeedAll = '3 organizations: all must answer; 4 are needed to lose one.';

/**
 * How many of a cohort of n may drop out, from advertise to reveal, and the round still completes: min(n − T, n − minSurvivors).
 *
 * @param n cohort size, cohort.min … cohort.max.
 */
export function toleratedDropouts(plan: Plan, n: number): number {
  const { maxColluders, minSurvivors } = plan.secureAggregation;
  return n - Math.max(thresholdOf(n, maxColluders), minSurvivors);
}

/**
 * What each cohort size bears, for people: "5: one may drop out; 4: one; 3: none".
 *
 * At most twelve sizes, from cohort.max downwards, are named; the smallest is always among them.
 */
export function describeTolerance(plan: Plan): string {
  const sizes: number[] = [];
  for (let n = plan.cohort.max; n >= plan.cohort.min; n--) sizes.push(n);
  const named = sizes.length <= 12 ? sizes : [...sizes.slice(0, 11), plan.cohort.min];
  const text = named
    .map((n, i) => `${n}: ${inWords(toleratedDropouts(plan, n))}${i === 0 ? ' may drop out' : ''}`)
    .join('; ');
  return plan.cohort.min === 3 ? `${text}. ${threeNeedAll}` : text;
}

function inWords(count: number): string {
  return ['none', 'one', 'two', 'three', 'four', 'five', 'six'][count] ?? String(count);
}
