import { refusal } from '../errors.js';
import { bounds } from '../wire/bounds.js';

/** What a cohort of n with c colluders needs and bears. All are counts of participants. */
export interface Thresholds {
  /** T = t: signatures of a certificate, and shares that rebuild a secret. */
  readonly threshold: number;
  /** A: signatures of an abort certificate. */
  readonly abortQuorum: number;
  /** The smallest U3 that is ever opened. */
  readonly survivorsFloor: number;
  /** Whom the session can lose, from advertise to reveal, and still open. */
  readonly toleratedDropouts: number;
  /** Honest updates in the smallest opened sum: T − c. */
  readonly honestFloor: number;
}

/**
 * T = t = max(3, ⌊(n + c)/2⌋ + 1): two certificates would need 2T − n > c members who signed twice.
 *
 * @param cohort n, 1 … 256. @param colluders c, ≥ 0.
 */
export function thresholdOf(cohort: number, colluders: number): number {
  return Math.max(bounds.cohortMin, Math.floor((cohort + colluders) / 2) + 1);
}

/**
 * A = n + c + 1 − T: after so many aborts at most n − A + c < T shares of a session can ever exist.
 *
 * @param cohort n, 1 … 256. @param colluders c, ≥ 0.
 */
export function abortQuorumOf(cohort: number, colluders: number): number {
  return cohort + colluders + 1 - thresholdOf(cohort, colluders);
}

/**
 * The numbers of one cohort. Every client computes them for itself from the cohort it verified.
 *
 * @param limits n, c, and the plan's limits.
 * @throws `refused` `cohort.min`, `cohort.max`, `cohort.colluders` or `cohort.survivors`. T ≤ n follows from n ≥ c + 2 and n ≥ 3.
 */
export function thresholds(limits: {
  readonly cohort: number;
  readonly maxColluders: number;
  readonly minCohort: number;
  readonly maxCohort: number;
  readonly minSurvivors: number;
}): Thresholds {
  const { cohort, maxColluders, minCohort, maxCohort, minSurvivors } = limits;
  const smallest = Math.max(minCohort, maxColluders + 2, bounds.cohortMin);
  const largest = Math.min(maxCohort, bounds.cohortMax);
  if (cohort < minCohort || cohort < bounds.cohortMin) {
    throw refusal('cohort.min', `a cohort of ${cohort} is smaller than the plan allows`, {
      required: smallest,
      offered: cohort,
      fix: 'wait for more participants',
    });
  }
  if (cohort < maxColluders + 2) {
    throw refusal('cohort.colluders', `${cohort} participants cannot hide one from ${maxColluders} colluders`, {
      required: maxColluders + 2,
      offered: cohort,
      fix: 'wait for more participants or plan for fewer colluders',
    });
  }
  if (cohort > largest) {
    throw refusal('cohort.max', `a cohort of ${cohort} is larger than the plan allows`, {
      required: largest,
      offered: cohort,
      fix: 'choose fewer participants',
    });
  }
  const threshold = thresholdOf(cohort, maxColluders);
  const survivorsFloor = Math.max(threshold, minSurvivors, bounds.cohortMin);
  if (minSurvivors > cohort) {
    throw refusal('cohort.survivors', `a cohort of ${cohort} cannot have ${minSurvivors} survivors`, {
      required: minSurvivors,
      offered: cohort,
      fix: 'wait for more participants',
    });
  }
  return {
    threshold,
    abortQuorum: abortQuorumOf(cohort, maxColluders),
    survivorsFloor,
    toleratedDropouts: cohort - survivorsFloor,
    honestFloor: threshold - maxColluders,
  };
}

/**
 * The colluders a plan assumes when it does not say: as many as leave a third of the smallest cohort free to drop out.
 *
 * @param minCohort m ≥ 3.
 */
export function defaultColluders(minCohort: number): number {
  return Math.min(minCohort - 2 * Math.floor((minCohort - 1) / 3) - 1, minCohort - 2);
}
