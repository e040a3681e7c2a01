import type { ParticipationRecord } from './contract.js';
import { isResumable, noMemory, openSessions, remember, type SessionMemory, type SessionName } from './memory.js';
import { chain, note, type ParticipationState, type ParticipationStep, runIdOf, withEffects } from './state.js';

/** How long a session that an earlier process left behind is kept, unless the coordinator speaks of it again. */
export const leftoverMillis = 3_600_000;

/** Name of the timer after which a session's secrets are destroyed whatever happened. */
export function expiryTimer({ runId, round }: SessionName): string {
  return `session:${runId}/${round}`;
}

/** Sessions whose secrets a client that starts has to keep: it may be told of them again. */
export function keptSessions(records: readonly ParticipationRecord[]): readonly SessionName[] {
  return openSessions(records.reduce(remember, noMemory)).map(({ runId, round }) => ({ runId, round }));
}

/**
 * Look at what a previous process left behind. What it ended itself goes at once; what can be gone on with is kept until the
 * coordinator speaks of it again, or its time is over.
 */
export function reviewLeftovers(state: ParticipationState): ParticipationStep {
  const cleaned = leaveWhere(state, (session) => !isResumable(session));
  return leftoversOf(cleaned.state).reduce((step, session) => chain(step, (after) => expire(after, session)), cleaned);
}

/** Each is timed once: a connection that comes and goes does not prolong it. */
function expire(state: ParticipationState, session: SessionName): ParticipationStep {
  const name = expiryTimer(session);
  if (state.expiring.has(name)) return withEffects(state);
  const expiring = new Set(state.expiring).add(name);
  return withEffects({ ...state, expiring }, { type: 'set-timer', name, afterMillis: leftoverMillis });
}

/** Leave those sessions that nobody works on: their secrets go, and they are never gone on with. */
export function leaveWhere(state: ParticipationState, which: (session: SessionMemory) => boolean): ParticipationStep {
  return leftoversOf(state)
    .filter(which)
    .reduce((step, session) => chain(step, (after) => leaveSession(after, session)), withEffects(state));
}

/** Journal that a session is left, then destroy its secrets. */
export function leaveSession(state: ParticipationState, { runId, round }: SessionName): ParticipationStep {
  return chain(note(state, { type: 'session-left', runId, round }), (after) =>
    withEffects(after, { type: 'erase', runId, round }, { type: 'cancel-timer', name: expiryTimer({ runId, round }) }),
  );
}

/** Open sessions beside the one under way. */
function leftoversOf(state: ParticipationState): readonly SessionMemory[] {
  const { work, memory } = state;
  const runId = runIdOf(state);
  const live = 'round' in work ? work.round : undefined;
  return openSessions(memory).filter((session) => session.runId !== runId || session.round !== live);
}
