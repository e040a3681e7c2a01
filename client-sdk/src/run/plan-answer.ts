import { declineOf, type FederatedError, type ParticipantMessage, type Plan } from '@concordat/core';
import type { Policy } from '../policy/policy.js';
import { quotesRefusal } from '../policy/told-refusals.js';

/** How long an approval or a decline is repeated while the coordinator is away. */
const planAnswerMillis = 60_000;

/** How long an answer is repeated while the coordinator is away. @param plan of the run, once it is approved. */
export function answerMillis(message: ParticipantMessage, plan: Pick<Plan, 'deadlines'> | undefined): number {
  if (plan === undefined) return planAnswerMillis;
  const { readyMillis, stepMillis } = plan.deadlines;
  if (message.type === 'ready') return readyMillis;
  return message.type === 'session' ? stepMillis : planAnswerMillis;
}

/** The answer to an offer whose approval does not hold any more; its sentence only where the policy lets it be quoted. */
export function lapseToTell(policy: Policy | undefined, lapse: FederatedError): ParticipantMessage {
  return declineOf('approve', lapse, { round: 0, quote: quotesRefusal(policy, lapse) });
}
