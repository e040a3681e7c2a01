import type { ParticipantEffect, ParticipantRecord } from '../../secagg/participant/contract.js';
import type { ParticipantState, ParticipantStep } from '../../secagg/participant.js';
import type { UploadFrame } from '../../wire/messages.js';
import type { ApprovedRun } from './contract.js';
import { leaveSession } from './leftovers.js';
import { sessionOf } from './memory.js';
import { noteEnding } from './settle.js';
import {
  chain,
  decline,
  discardUpdate,
  note,
  type ParticipationState,
  type ParticipationStep,
  runOf,
  withEffects,
} from './state.js';

/** Carry out what the session under way asks for. */
export function relay(state: ParticipationState, { state: session, effects }: ParticipantStep): ParticipationStep {
  const run = runOf(state);
  if (state.work.type !== 'session' || run === undefined) return withEffects(state);
  const start = withEffects({ ...state, work: { ...state.work, session } });
  return effects.reduce((step, effect) => chain(step, (during) => perform(during, effect, session, run)), start);
}

/** Whether an update belongs to the session under way, since its first uploaded byte. */
export function isBound(state: ParticipationState): boolean {
  const run = runOf(state);
  if (run === undefined || state.work.type !== 'session') return false;
  return sessionOf(state.memory, { runId: run.runId, round: state.work.round })?.contributed ?? false;
}

function perform(
  state: ParticipationState,
  effect: ParticipantEffect,
  session: ParticipantState,
  run: ApprovedRun,
): ParticipationStep {
  if (state.work.type !== 'session') return withEffects(state);
  const { round } = state.work;
  const { runId } = run;
  switch (effect.type) {
    case 'journal':
      return keep(state, effect.record, run);
    case 'send':
      if (effect.frame.type === 'upload') return bindAndUpload(state, effect.frame, session, run);
      return withEffects(state, { type: 'send', message: { type: 'session', round, frame: effect.frame } });
    case 'mask':
      return mask(state, effect);
    case 'refuse':
      // An open session still owes the others its shares: only one that has ended is declined.
      if (session.phase !== 'ended') return withEffects(state, { type: 'refuse', round, error: effect.error });
      return decline(state, 'session', effect.error, { runId, round, quote: true });
    case 'erase':
      // A reveal may still be on its way: until the round is over, a process that ends now can be asked for it again.
      return session.phase === 'revealed' ? withEffects(state) : leaveSession(state, { runId, round });
  }
}

/** A restarted session comes by what it journalled before: the same record is not written twice. */
function keep(state: ParticipationState, record: ParticipantRecord, { runId }: ApprovedRun): ParticipationStep {
  if (state.work.type !== 'session') return withEffects(state);
  const { round, baseModelHash } = state.work;
  const before = sessionOf(state.memory, { runId, round });
  const known = record.type !== 'refused' && before?.records.some(({ type }) => type === record.type) === true;
  const noted = known ? withEffects(state) : note(state, { type: 'session', runId, round, record });
  switch (record.type) {
    case 'survivors-signed':
      if (before?.signed === true) return noted;
      return chain(noted, (after) => note(after, { type: 'base-signed', runId, round, baseModelHash }));
    case 'cohort-accepted': {
      const progress = { type: 'session', round, step: 'share', cohort: record.participants.length } as const;
      return chain(noted, (after) => withEffects(after, { type: 'report', progress }));
    }
    case 'revealed': {
      const progress = { type: 'contributed', round, included: record.included } as const;
      const settled = chain(noted, (after) =>
        record.included ? discardUpdate(after) : noteEnding(after, { runId, round }, record),
      );
      return chain(settled, (after) => withEffects(after, { type: 'report', progress }));
    }
    case 'abort-certified':
      return chain(noted, (after) => noteEnding(after, { runId, round }, record));
    default:
      return noted;
  }
}

/** Without an update in hand, which a restart forgets, nothing is masked: the others still get this participant's shares. */
function mask(state: ParticipationState, effect: Extract<ParticipantEffect, { type: 'mask' }>): ParticipationStep {
  if (state.work.type !== 'session') return withEffects(state);
  const { round } = state.work;
  if (state.held === undefined || state.held.bound !== undefined) {
    const reason = 'the update was lost when the client ended; its shares still help the others';
    return withEffects(state, { type: 'report', progress: { type: 'sitting-out', round, reason } });
  }
  const { sid2, maskKeys, layout } = effect;
  const progress = { type: 'masking', round } as const;
  return withEffects(state, { type: 'mask', round, sid2, maskKeys, layout }, { type: 'report', progress });
}

/**
 * Before the first byte leaves, the update is bound to this session. A repeated header only repeats the upload, and not when
 * the coordinator's receipt is here: then it holds the vector.
 */
function bindAndUpload(
  state: ParticipationState,
  frame: UploadFrame,
  session: ParticipantState,
  { runId, plan }: ApprovedRun,
): ParticipationStep {
  if (state.work.type !== 'session' || session.phase !== 'uploading') return withEffects(state);
  const { round, baseModelHash } = state.work;
  const upload = { type: 'upload', round, header: frame.upload } as const;
  const uploading = (after: ParticipationState) =>
    withEffects(after, upload, { type: 'report', progress: { type: 'uploading', round } });
  const before = sessionOf(state.memory, { runId, round });
  if (before?.records.some(({ type }) => type === 'uploaded')) return withEffects(state);
  if (before?.contributed) return uploading(state);
  // Spooled by a process that ended before it could say so: its metric lanes may be filled.
  const metrics = state.held?.metrics ?? plan.metrics.length > 0;
  const bound = note(state, { type: 'contributed', runId, round, baseModelHash, metrics });
  return chain(bound, (after) => uploading(after.held ? { ...after, held: { ...after.held, bound: round } } : after));
}
