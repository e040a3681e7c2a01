import { equalBytes } from '../../bytes.js';
import { FederatedError } from '../../errors.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import { barred, isResumable, lastEntered, mayMeasure, sessionOf } from './memory.js';
import { endSession, resume } from './session.js';
import {
  type Context,
  chain,
  decline,
  discardUpdate,
  isTraining,
  type ParticipationState,
  type ParticipationStep,
  runOf,
  withEffects,
} from './state.js';

type Train = Extract<CoordinatorMessage, { type: 'train' }>;

/** Default of `contributionsPerBase`. */
const contributionsPerBaseDefault = 3;

/** Assigned to a round: train, or say why not. A round seen before is answered as before, or not at all. */
export function takeAssignment(state: ParticipationState, message: Train, context: Context): ParticipationStep {
  const run = runOf(state);
  if (run === undefined) return withEffects(state);
  const { work, memory, options } = state;
  const { round, kind, baseModelHash } = message;
  if (work.type !== 'idle' && work.round >= round) return repeat(state, round);
  const open = sessionOf(memory, { runId: run.runId, round });
  if (open !== undefined && isResumable(open) && equalBytes(open.baseModelHash, baseModelHash)) {
    return chain(leaveRound(state, context), (after) => resume(after, kind, open));
  }
  const entered = lastEntered(memory, run.runId);
  if (round <= entered) {
    const error = new FederatedError(
      'state-lost',
      `the session of round ${round} was left and cannot be entered again`,
      {
        detail: { rule: 'session.left', required: `a round after ${entered}`, offered: round },
        fix: 'Wait for the next round.',
      },
    );
    return decline(state, 'train', error, { runId: run.runId, round, quote: true });
  }
  return chain(leaveRound(state, context), (after) => {
    const most = options.contributionsPerBase ?? contributionsPerBaseDefault;
    // Where nothing is trained, only what the metrics tell is at stake, and they are filled once.
    const bar = kind === 'train' ? barred(memory, baseModelHash, most) : undefined;
    if (bar !== undefined) return decline(after, 'train', bar, { runId: run.runId, round, quote: true });
    const { held } = after;
    // One that is bound may still come out in a sum of its session: what goes into this round is trained afresh.
    const free = held !== undefined && held.bound === undefined && held.kind === kind;
    if (free && equalBytes(held.baseModelHash, baseModelHash)) {
      return sayReady(after, message);
    }
    const fresh = after.held === undefined ? withEffects(after) : discardUpdate(after);
    return chain(fresh, (empty) => startTraining(empty, message));
  });
}

function startTraining(state: ParticipationState, { type: _, ...assignment }: Train): ParticipationStep {
  const { round, kind, baseModelHash } = assignment;
  return withEffects(
    { ...state, work: { type: 'training', round, kind, baseModelHash } },
    { type: 'train', ...assignment },
    { type: 'report', progress: { type: kind === 'train' ? 'training' : 'measuring', round } },
  );
}

/** The delta is in hand: encode it. Metrics go along once for each run and base model. */
export function noteTrained(state: ParticipationState, round: number): ParticipationStep {
  const run = runOf(state);
  const { work } = state;
  if (run === undefined || work.type !== 'training' || work.round !== round) return withEffects(state);
  const { kind, baseModelHash } = work;
  const metrics = run.plan.metrics.length > 0 && mayMeasure(state.memory, run.runId, baseModelHash);
  return withEffects(
    { ...state, work: { type: 'preparing', round, kind, baseModelHash, metrics } },
    { type: 'prepare-update', round, kind, baseModelHash, metrics },
  );
}

/** The lanes are encoded and finite. */
export function notePrepared(state: ParticipationState, round: number): ParticipationStep {
  const { work } = state;
  if (work.type !== 'preparing' || work.round !== round) return withEffects(state);
  const { kind, baseModelHash, metrics } = work;
  return sayReady({ ...state, held: { kind, baseModelHash, metrics } }, work);
}

/** Training or encoding failed, e.g. NaN in the update, or no round is entered any more: this one goes on without us. */
export function failTraining(state: ParticipationState, error: FederatedError): ParticipationStep {
  const run = runOf(state);
  const { work } = state;
  if (run === undefined || !(isTraining(work) || work.type === 'ready')) return withEffects(state);
  const idle = { ...state, work: { type: 'idle' } } as const;
  const declined = decline(idle, 'train', error, { runId: run.runId, round: work.round, quote: false });
  return chain(declined, discardUpdate);
}

/** Stop whatever this round asked for. A prepared update that no session bound stays in hand. */
export function leaveRound(state: ParticipationState, context: Context): ParticipationStep {
  const { work } = state;
  switch (work.type) {
    case 'training':
    case 'preparing': {
      const idle = { ...state, work: { type: 'idle' } } as const;
      return chain(withEffects(idle, { type: 'stop-training', round: work.round }), discardUpdate);
    }
    case 'sealing':
    case 'resuming':
    case 'session':
      return endSession(state, context);
    case 'ready':
    case 'idle':
      return withEffects({ ...state, work: { type: 'idle' } });
  }
}

/** The stream was opened again, and everything that was told in this round comes again. */
function repeat(state: ParticipationState, round: number): ParticipationStep {
  const { work } = state;
  if (work.type === 'resuming' && work.round === round) return withEffects({ ...state, work: { ...work, frames: [] } });
  if (work.type !== 'ready' || work.round !== round) return withEffects(state);
  return withEffects(state, { type: 'send', message: { type: 'ready', round, baseModelHash: work.baseModelHash } });
}

function sayReady(
  state: ParticipationState,
  { round, kind, baseModelHash }: Pick<Train, 'round' | 'kind' | 'baseModelHash'>,
): ParticipationStep {
  return withEffects(
    { ...state, work: { type: 'ready', round, kind, baseModelHash } },
    { type: 'send', message: { type: 'ready', round, baseModelHash } },
    { type: 'report', progress: { type: 'ready', round } },
  );
}
