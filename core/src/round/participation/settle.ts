import type { ParticipantEffect, ParticipantRecord } from '../../secagg/participant/contract.js';
import { openParticipant, stepParticipant } from '../../secagg/participant.js';
import type { SessionFrame } from '../../wire/messages.js';
import { sessionTerms } from '../terms.js';
import { leaveSession } from './leftovers.js';
import { type SessionMemory, type SessionName, sessionOf } from './memory.js';
import {
  type Context,
  chain,
  note,
  type ParticipationState,
  type ParticipationStep,
  runOf,
  withEffects,
} from './state.js';

/** Whether a frame is about how a session ends without a sum. It may come long after its round, and without secrets here. */
export function isAbort(frame: SessionFrame): boolean {
  return frame.type === 'abort-proposal' || frame.type === 'abort-certificate';
}

/** Sign the abort of a session that nobody works on here, or take its certificate: its journal is enough for either. */
export function settle(
  state: ParticipationState,
  { round, frame }: { readonly round: number; readonly frame: SessionFrame },
  { ports }: Context,
): ParticipationStep {
  const run = runOf(state);
  if (run === undefined) return withEffects(state);
  const session = sessionOf(state.memory, { runId: run.runId, round });
  if (session === undefined) return withEffects(state);
  const { participantId } = state.options;
  const { roster, coordinatorKey } = run;
  const { kind, baseModelHash, records } = session;
  const terms = sessionTerms({ ...run, round, kind, baseModelHash });
  const opened = openParticipant({ participantId, roster, coordinatorKey, terms, records });
  const { effects } = stepParticipant(ports, opened, { type: 'frame', frame });
  return effects.reduce(
    (step, effect) => chain(step, (during) => perform(during, effect, session)),
    withEffects(state),
  );
}

/** What the journal says of an ended session changes what may be done with its update. */
export function noteEnding(
  state: ParticipationState,
  { round }: SessionName,
  record: ParticipantRecord,
): ParticipationStep {
  const { held } = state;
  const free = record.type === 'abort-certified' || (record.type === 'revealed' && !record.included);
  if (!free || held?.bound !== round) return withEffects(state);
  const { bound: _, ...freed } = held;
  return withEffects({ ...state, held: freed });
}

function perform(state: ParticipationState, effect: ParticipantEffect, session: SessionMemory): ParticipationStep {
  const { runId, round } = session;
  switch (effect.type) {
    case 'journal': {
      const { record } = effect;
      const noted = chain(note(state, { type: 'session', runId, round, record }), (after) =>
        noteEnding(after, session, record),
      );
      // Signed and not revealed: what an earlier process left open is over with it.
      const over = record.type !== 'refused' && !session.left;
      return over ? chain(noted, (after) => leaveSession(after, session)) : noted;
    }
    case 'send':
      return withEffects(state, { type: 'send', message: { type: 'session', round, frame: effect.frame } });
    case 'refuse':
      return withEffects(state, { type: 'refuse', round, error: effect.error });
    case 'mask':
    case 'erase':
      return withEffects(state);
  }
}
