import { equalBytes } from '../../bytes.js';
import type { FederatedError } from '../../errors.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import type { ApprovedRun } from './contract.js';
import {
  type Context,
  chain,
  decline,
  discardUpdate,
  note,
  type ParticipationState,
  type ParticipationStep,
  runOf,
  withEffects,
} from './state.js';
import { leaveRound } from './training.js';

type Offer = Extract<CoordinatorMessage, { type: 'run' }>;

/** Messages kept while the policy is asked; a coordinator has no reason to send more. */
const pendingMax = 16;

/** A run is offered. The same offer again, after a reconnection, gets the same approval again. */
export function takeOffer(state: ParticipationState, offer: Offer, context: Context): ParticipationStep {
  const { standing } = state;
  if (standing.type === 'approved' && isSame(standing.run, offer)) return withEffects(state, approvalOf(standing.run));
  if (standing.type === 'considering' && isSame(standing, offer)) {
    // The stream was opened again: what was sent on the old one comes again.
    return withEffects({ ...state, standing: { ...standing, pending: [] } });
  }
  const { runId, planHash, rosterHash } = offer;
  return chain(leaveRun(state, context), (free) =>
    withEffects(
      { ...free, standing: { type: 'considering', runId, planHash, rosterHash, pending: [] } },
      { type: 'consider-plan', runId, planHash, rosterHash },
      { type: 'report', progress: { type: 'plan', runId, decision: 'considering', reason: '' } },
    ),
  );
}

/** Keep a message until the policy has answered. */
export function postpone(state: ParticipationState, message: CoordinatorMessage): ParticipationStep {
  const { standing } = state;
  if (standing.type !== 'considering' || standing.pending.length >= pendingMax) return withEffects(state);
  return withEffects({ ...state, standing: { ...standing, pending: [...standing.pending, message] } });
}

/** The policy, or a person, said yes. @returns the step, and the messages to take now. */
export function noteApproved(
  state: ParticipationState,
  run: ApprovedRun,
): { readonly step: ParticipationStep; readonly pending: readonly CoordinatorMessage[] } {
  const { standing } = state;
  if (standing.type !== 'considering' || !isSame(standing, run)) return { step: withEffects(state), pending: [] };
  const { runId, planHash, rosterHash } = run;
  const approved = { ...state, standing: { type: 'approved', run } } as const;
  const step = chain(note(approved, { type: 'approved', runId, planHash, rosterHash }), (after) =>
    withEffects(after, approvalOf(run), {
      type: 'report',
      progress: { type: 'plan', runId, decision: 'approved', reason: '' },
    }),
  );
  return { step, pending: standing.pending };
}

/** The policy, or a person, said no. */
export function noteRefused(state: ParticipationState, runId: string, error: FederatedError): ParticipationStep {
  if (state.standing.type !== 'considering' || state.standing.runId !== runId) return withEffects(state);
  const refused = { ...state, standing: { type: 'none' } } as const;
  const progress = { type: 'plan', runId, decision: 'refused', reason: error.message } as const;
  return chain(decline(refused, 'approve', error, { runId, round: 0, quote: true }), (after) =>
    withEffects(after, { type: 'report', progress }),
  );
}

/** Leave the run: its round, its update, its approval. What was promised stays in memory. */
export function leaveRun(state: ParticipationState, context: Context): ParticipationStep {
  const left = chain(leaveRound(state, context), (after) =>
    after.held === undefined ? withEffects(after) : discardUpdate(after),
  );
  return chain(left, (after) => withEffects({ ...after, standing: { type: 'none' } }));
}

/** Say no to whatever is open and leave. */
export function stop(state: ParticipationState, error: FederatedError, context: Context): ParticipationStep {
  const run = runOf(state);
  const { work } = state;
  if (run === undefined || work.type === 'idle') return leaveRun(state, context);
  const step = work.type === 'session' || work.type === 'sealing' ? 'session' : 'train';
  const declined = decline(state, step, error, { runId: run.runId, round: work.round, quote: true });
  return chain(declined, (after) => leaveRun(after, context));
}

function approvalOf({ planHash, rosterHash, approval }: ApprovedRun) {
  return { type: 'send', message: { type: 'approved', planHash, rosterHash, approval } } as const;
}

function isSame(a: Omit<Offer, 'type'>, b: Omit<Offer, 'type'>): boolean {
  return a.runId === b.runId && equalBytes(a.planHash, b.planHash) && equalBytes(a.rosterHash, b.rosterHash);
}
