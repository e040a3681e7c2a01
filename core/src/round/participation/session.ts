import type { FederatedError } from '../../errors.js';
import type { ParticipantEffect } from '../../secagg/participant/contract.js';
import {
  openParticipant,
  type ParticipantState,
  type ParticipantStep,
  stepParticipant,
} from '../../secagg/participant.js';
import type { SessionFrame, UploadFrame } from '../../wire/messages.js';
import { stepMillis } from '../coordination/timers.js';
import { sessionTerms } from '../terms.js';
import type { ApprovedRun, ParticipationEvent } from './contract.js';
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

/** A frame of the session of `round`. Anything that belongs to no round of ours is ignored. */
export function takeFrame(
  state: ParticipationState,
  message: { readonly round: number; readonly frame: SessionFrame },
  context: Context,
): ParticipationStep {
  const { work } = state;
  const { round, frame } = message;
  if (work.type === 'session' && work.round === round) {
    return relay(state, stepParticipant(context.ports, work.session, { type: 'frame', frame }));
  }
  if (work.type === 'ready' && work.round === round && frame.type === 'open') return enter(state, frame);
  return withEffects(state);
}

/** The session's root is sealed: accept C or refuse it. */
export function noteRoot(
  state: ParticipationState,
  event: Extract<ParticipationEvent, { type: 'root-sealed' }>,
  context: Context,
): ParticipationStep {
  const { work } = state;
  const run = runOf(state);
  if (run === undefined || work.type !== 'sealing' || work.round !== event.round) return withEffects(state);
  const { round, baseModelHash, open } = work;
  const { roster, coordinatorKey, plan, listed } = run;
  const session = openParticipant({
    participantId: state.options.participantId,
    roster,
    coordinatorKey,
    ...(listed === undefined ? {} : { listed }),
    terms: sessionTerms({ ...run, round, baseModelHash }),
    root: event.root,
  });
  const entered = { ...state, work: { type: 'session', round, baseModelHash, session, bound: false } } as const;
  // Far beyond every deadline of the coordinator: secrets do not outlive a session that was never ended here.
  const afterMillis = 2 * (6 * plan.deadlines.stepMillis + stepMillis(plan, 'upload'));
  return chain(withEffects(entered, { type: 'set-timer', name: expiryTimer(round), afterMillis }), (during) =>
    relay(during, stepParticipant(context.ports, session, { type: 'frame', frame: open })),
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
  if (run === undefined || (work.type !== 'session' && work.type !== 'sealing')) return withEffects(state);
  // A vector that could not be sent leaves our shares wanted: the others still need the reveal.
  if (work.type === 'session' && work.bound) return withEffects(state, { type: 'refuse', round: work.round, error });
  const { round } = work;
  const declined = decline(state, 'session', error, { runId: run.runId, round, quote: false });
  return chain(declined, (after) => endSession(after, context));
}

/** The round is over, or we leave: destroy what is secret. Nothing is revealed any more. */
export function endSession(state: ParticipationState, { ports }: Context): ParticipationStep {
  const { work } = state;
  const idle = { ...state, work: { type: 'idle' } } as const;
  const run = runOf(state);
  if (work.type !== 'session' && work.type !== 'sealing') return withEffects(idle);
  const quiet = { type: 'cancel-timer', name: expiryTimer(work.round) } as const;
  if (work.type === 'sealing') {
    const which = { runId: run?.runId ?? '', round: work.round };
    return chain(note(idle, { type: 'session-left', ...which }), (after) =>
      withEffects(after, { type: 'erase', ...which }),
    );
  }
  return chain(relay(state, stepParticipant(ports, work.session, { type: 'end' })), (after) =>
    withEffects({ ...after, work: { type: 'idle' } }, quiet),
  );
}

/** Name of the timer after which a session's secrets are destroyed whatever happened. */
export function expiryTimer(round: number): string {
  return `session:${round}`;
}

/** Journal before the root is made: this round, and every earlier one, is never entered again. */
function enter(state: ParticipationState, open: SessionFrame): ParticipationStep {
  const run = runOf(state);
  if (run === undefined || state.work.type !== 'ready') return withEffects(state);
  const { round, baseModelHash } = state.work;
  const entered = note(state, { type: 'session-entered', runId: run.runId, round, baseModelHash });
  return chain(entered, (after) =>
    withEffects({ ...after, work: { type: 'sealing', round, baseModelHash, open } }, { type: 'seal-root', round }),
  );
}

function relay(state: ParticipationState, { state: session, effects }: ParticipantStep): ParticipationStep {
  const run = runOf(state);
  if (state.work.type !== 'session' || run === undefined) return withEffects(state);
  const start = withEffects({ ...state, work: { ...state.work, session } });
  return effects.reduce((step, effect) => chain(step, (during) => perform(during, effect, session, run)), start);
}

function perform(
  state: ParticipationState,
  effect: ParticipantEffect,
  session: ParticipantState,
  run: ApprovedRun,
): ParticipationStep {
  if (state.work.type !== 'session') return withEffects(state);
  const { round, baseModelHash } = state.work;
  const { runId } = run;
  switch (effect.type) {
    case 'journal': {
      const { record } = effect;
      const noted = note(state, { type: 'session', runId, round, record });
      if (record.type === 'survivors-signed') {
        return chain(noted, (after) => note(after, { type: 'base-signed', runId, round, baseModelHash }));
      }
      if (record.type === 'cohort-accepted') return report(noted, round, 'share', record.participants.length);
      if (record.type !== 'revealed') return noted;
      const progress = { type: 'contributed', round, included: record.included } as const;
      return chain(noted, (after) => withEffects(after, { type: 'report', progress }));
    }
    case 'send':
      if (effect.frame.type === 'upload') return bindAndUpload(state, effect.frame, session, runId);
      return withEffects(state, { type: 'send', message: { type: 'session', round, frame: effect.frame } });
    case 'mask': {
      const { sid2, maskKeys, layout } = effect;
      const progress = { type: 'masking', round } as const;
      return withEffects(state, { type: 'mask', round, sid2, maskKeys, layout }, { type: 'report', progress });
    }
    case 'refuse':
      // An open session still owes the others its shares: only one that has ended is declined.
      if (session.phase !== 'ended') return withEffects(state, { type: 'refuse', round, error: effect.error });
      return decline(state, 'session', effect.error, { runId, round, quote: true });
    case 'erase':
      return chain(note(state, { type: 'session-left', runId, round }), (after) =>
        withEffects(after, { type: 'erase', runId, round }, { type: 'cancel-timer', name: expiryTimer(round) }),
      );
  }
}

/** Before the first byte leaves, the update is bound to this session for ever. A repeated header only repeats the upload. */
function bindAndUpload(
  state: ParticipationState,
  frame: UploadFrame,
  session: ParticipantState,
  runId: string,
): ParticipationStep {
  if (state.work.type !== 'session' || session.phase !== 'uploading') return withEffects(state);
  const { work } = state;
  const { round, baseModelHash } = work;
  const upload = { type: 'upload', round, header: frame.upload } as const;
  if (work.bound) return withEffects(state, upload);
  const metrics = state.held?.metrics ?? false;
  const bound = { ...state, work: { ...work, bound: true } };
  return chain(
    chain(note(bound, { type: 'contributed', runId, round, baseModelHash, metrics }), discardUpdate),
    (after) => withEffects(after, upload, { type: 'report', progress: { type: 'uploading', round } }),
  );
}

function report(step: ParticipationStep, round: number, name: string, cohort: number): ParticipationStep {
  const progress = { type: 'session', round, step: name, cohort } as const;
  return chain(step, (after) => withEffects(after, { type: 'report', progress }));
}
