import { equalBytes } from '../../bytes.js';
import type { FederatedError } from '../../errors.js';
import { openParticipant, stepParticipant } from '../../secagg/participant.js';
import type { RoundKind, SessionFrame } from '../../wire/messages.js';
import { stepMillis } from '../coordination/timers.js';
import { sessionTerms } from '../terms.js';
import type { ParticipationEvent } from './contract.js';
import { expiryTimer, leaveSession, leaveWhere, leftoverMillis } from './leftovers.js';
import { type SessionMemory, sessionOf } from './memory.js';
import { isBound, relay } from './relay.js';
import { isAbort, settle } from './settle.js';
import {
  type Context,
  chain,
  decline,
  inSession,
  note,
  type ParticipationState,
  type ParticipationStep,
  runOf,
  withEffects,
} from './state.js';

/** Frames kept while a root is opened; a session has no more. */
const framesMax = 16;

/** A frame of the session of `round`. Anything that belongs to no round of ours is ignored. */
export function takeFrame(
  state: ParticipationState,
  message: { readonly round: number; readonly frame: SessionFrame },
  context: Context,
): ParticipationStep {
  const { work } = state;
  const { round, frame } = message;
  if (work.type === 'idle' || work.round !== round) {
    return isAbort(frame) ? settle(state, message, context) : withEffects(state);
  }
  switch (work.type) {
    case 'session':
      return relay(state, stepParticipant(context.ports, work.session, { type: 'frame', frame }));
    case 'resuming':
      if (work.frames.length >= framesMax) return withEffects(state);
      return withEffects({ ...state, work: { ...work, frames: [...work.frames, frame] } });
    case 'ready':
      return frame.type === 'open' ? enter(state, frame) : withEffects(state);
    default:
      return withEffects(state);
  }
}

/** The coordinator speaks again of a session that an earlier process was in: go on with it, with the same secrets. */
export function resume(
  state: ParticipationState,
  kind: RoundKind,
  { round, baseModelHash }: SessionMemory,
): ParticipationStep {
  return withEffects(
    { ...state, work: { type: 'resuming', round, kind, baseModelHash, frames: [] } },
    { type: 'open-root', round },
  );
}

/** The session's root is there: take what was told of it so far. After a restart the journalled answers are given again. */
export function noteRoot(
  state: ParticipationState,
  event: Extract<ParticipationEvent, { type: 'root-sealed' }>,
  context: Context,
): ParticipationStep {
  const { work } = state;
  const run = runOf(state);
  if (run === undefined || (work.type !== 'sealing' && work.type !== 'resuming')) return withEffects(state);
  if (work.round !== event.round) return withEffects(state);
  const { round, kind, baseModelHash, frames } = work;
  const { runId, roster, coordinatorKey, plan, listed } = run;
  const session = openParticipant({
    participantId: state.options.participantId,
    roster,
    coordinatorKey,
    ...(listed === undefined ? {} : { listed }),
    terms: sessionTerms({ ...run, round, kind, baseModelHash }),
    root: event.root,
    records: sessionOf(state.memory, { runId, round })?.records ?? [],
  });
  const entered = { ...state, work: { type: 'session', round, kind, baseModelHash, session } } as const;
  // Far beyond every deadline of the coordinator, and what it may take to start one again: secrets do not outlive a session that was
  // never ended here.
  const deadlines = 2 * (6 * plan.deadlines.stepMillis + stepMillis(plan, 'upload', kind));
  const afterMillis = Math.max(leftoverMillis, deadlines);
  const name = expiryTimer({ runId, round });
  return frames.reduce(
    (step, frame) => chain(step, (during) => takeFrame(during, { round, frame }, context)),
    withEffects(entered, { type: 'set-timer', name, afterMillis }),
  );
}

/** The masked vector is spooled, or the coordinator has receipted it. */
export function noteVector(
  state: ParticipationState,
  event: Extract<ParticipationEvent, { type: 'masked' | 'uploaded' }>,
  context: Context,
): ParticipationStep {
  if (state.work.type !== 'session' || state.work.round !== event.round) return withEffects(state);
  return relay(state, stepParticipant(context.ports, state.work.session, event));
}

/** Root or mask could not be made: the coordinator need not wait for us. */
export function failSession(state: ParticipationState, error: FederatedError, context: Context): ParticipationStep {
  const run = runOf(state);
  const { work } = state;
  if (run === undefined || !inSession(work)) return withEffects(state);
  const { round } = work;
  // A vector that could not be sent leaves our shares wanted: the others still need the reveal.
  if (work.type === 'session' && isBound(state)) return withEffects(state, { type: 'refuse', round, error });
  const declined = decline(state, 'session', error, { runId: run.runId, round, quote: false });
  return chain(declined, (after) => endSession(after, context));
}

/** The round is over, or we leave: destroy what is secret. Nothing is revealed any more. */
export function endSession(state: ParticipationState, { ports }: Context): ParticipationStep {
  const { work } = state;
  const idle = { ...state, work: { type: 'idle' } } as const;
  const run = runOf(state);
  if (run === undefined) return withEffects(idle);
  const { runId } = run;
  switch (work.type) {
    case 'sealing':
    case 'resuming':
      return leaveSession(idle, { runId, round: work.round });
    case 'session': {
      const name = { runId, round: work.round };
      const ended = chain(relay(state, stepParticipant(ports, work.session, { type: 'end' })), (after) =>
        withEffects({ ...after, work: { type: 'idle' } }),
      );
      // It was left already where it was refused or aborted; after a reveal it is left only now.
      const left = sessionOf(ended.state.memory, name)?.left === true;
      return left ? ended : chain(ended, (after) => leaveSession(after, name));
    }
    default:
      return withEffects(idle);
  }
}

/** Journal before the root is made: this round, and every earlier one, is never entered again, and what was open on the way is left. */
function enter(state: ParticipationState, open: SessionFrame): ParticipationStep {
  const run = runOf(state);
  if (run === undefined || state.work.type !== 'ready') return withEffects(state);
  const { round, kind, baseModelHash } = state.work;
  const { runId } = run;
  const left = leaveWhere(
    state,
    (session) => session.runId === runId || equalBytes(session.baseModelHash, baseModelHash),
  );
  const entered = chain(left, (after) => note(after, { type: 'session-entered', runId, round, kind, baseModelHash }));
  return chain(entered, (after) =>
    withEffects(
      { ...after, work: { type: 'sealing', round, kind, baseModelHash, frames: [open] } },
      { type: 'seal-root', round },
    ),
  );
}
