import type { RoundKind, SessionConfig } from '../wire/messages.js';
import type { Plan } from './plan.js';
import { planParameters, roundSegments } from './segments.js';

/**
 * Everything of a session configuration that follows from the plan and the round. The coordinator adds suite and nonce; a
 * participant computes the same from what it approved and compares.
 */
export function sessionTerms(options: {
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
  readonly runId: string;
  readonly round: number;
  readonly kind: RoundKind;
  readonly baseModelHash: Uint8Array;
}): Omit<SessionConfig, 'suite' | 'sessionNonce'> {
  const { plan, planHash, rosterHash, runId, round, kind, baseModelHash } = options;
  const { maxWeight, minSurvivors, maxColluders } = plan.secureAggregation;
  return {
    runId,
    round,
    kind,
    rosterHash,
    baseModelHash,
    planHash,
    parameters: planParameters(plan),
    segments: roundSegments(plan, kind),
    clippingNorm: plan.clippingNorm,
    maxWeight,
    minCohort: plan.cohort.min,
    maxCohort: plan.cohort.max,
    minSurvivors,
    maxColluders,
    privacy: plan.privacy.mechanism,
    stepMillis: plan.deadlines.stepMillis,
  };
}
