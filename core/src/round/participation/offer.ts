import { equalBytes } from '../../bytes.js';
import type { FederatedError } from '../../errors.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import type { ApprovedRun, ParticipationEvent } from './contract.js';
import { leaveWhere } from './leftovers.js';
import { disputeOf } from './memory.js';
import {
  type Context,
  chain,
  decline,
  discardUpdate,
  inSession,
  note,
  type ParticipationState,
  type ParticipationStep,
  runIdOf,
  runOf,
  withEffects,
} from './state.js';
import { leaveRound } from './training.js';

type Offer = Extract<CoordinatorMessage, { type: 'run' }>;

/** Messages kept while the policy is asked: those of one round, and two for each session that still waits for aborts. */
const pendingMax = 64;

/** A run is offered. The same offer again, after a reconnection, gets the same approval again. */
export function takeOffer(state: ParticipationState, offer: Offer, context: Context): ParticipationStep {
  const { standing } = state;
  if (standing.type === 'approved' && isSame(standing.run, offer)) return withEffects(state, approvalOf(standing.run));
  if (standing.type === 'considering' && isSame(standing, offer)) {
    // The stream was opened again: what was sent on the old one comes again.
    return withEffects({ ...state, standing: { ...standing, pending: [] } });
  }
  const { runId, planHash, rosterHash } = offer;
  const dispute = disputeOf(state.memory, runId);
  if (dispute !== undefined) return decline(state, 'approve', dispute, { runId, round: 0, quote: true });
  const free = chain(leaveRun(state, context), (after) => leaveWhere(after, (session) => session.runId !== runId));
  return chain(free, (after) =>
    withEffects(
      { ...after, standing: { type: 'considering', runId, planHash, rosterHash, pending: [] } },
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
export function noteRefused(
  state: ParticipationState,
  { runId, error, quote = true }: Extract<ParticipationEvent, { type: 'plan-refused' }>,
): ParticipationStep {
  if (state.standing.type !== 'considering' || state.standing.runId !== runId) return withEffects(state);
  const refused = { ...state, standing: { type: 'none' } } as const;
  const progress = { type: 'plan', runId, decision: 'refused', reason: error.message } as const;
  return chain(decline(refused, 'approve', error, { runId, round: 0, quote }), (after) =>
    withEffects(after, { type: 'report', progress }),
  );
}

/** Leave the run: its round, its open sessions, its update, its approval. What was promised stays in memory. */
export function leaveRun(state: ParticipationState, context: Context): ParticipationStep {
  const runId = runIdOf(state);
  const left = chain(leaveRound(state, context), (after) =>
    after.held === undefined ? withEffects(after) : discardUpdate(after),
  );
  const erased = chain(left, (after) => leaveWhere(after, (session) => session.runId === runId));
  return chain(erased, (after) => withEffects({ ...after, standing: { type: 'none' } }));
}

/** Say no to whatever is open and leave; no secret stays behind. */
export function stop(state: ParticipationState, error: FederatedError, context: Context): ParticipationStep {
  return chain(
    chain(declineWork(state, error), (after) => leaveRun(after, context)),
    (after) => leaveWhere(after, () => true),
  );
}

function declineWork(state: ParticipationState, error: FederatedError): ParticipationStep {
  const run = runOf(state);
  const { work } = state;
  if (run === undefined || work.type === 'idle') return withEffects(state);
  const step = inSession(work) ? 'session' : 'train';
  return decline(state, step, error, { runId: run.runId, round: work.round, quote: true });
}

function approvalOf({ planHash, rosterHash, approval }: ApprovedRun) {
  return { type: 'send', message: { type: 'approved', planHash, rosterHash, approval } } as const;
}

function isSame(a: Omit<Offer, 'type'>, b: Omit<Offer, 'type'>): boolean {
  return a.runId === b.runId && equalBytes(a.planHash, b.planHash) && equalBytes(a.rosterHash, b.rosterHash);
}
