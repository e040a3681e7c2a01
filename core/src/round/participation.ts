import { FederatedError } from '../errors.js';
import type { CoordinatorMessage } from '../wire/messages.js';
import type {
  ApprovedRun,
  ParticipationEvent,
  ParticipationOptions,
  ParticipationPorts,
} from './participation/contract.js';
import { expiryTimer, leaveWhere, reviewLeftovers } from './participation/leftovers.js';
import { leaveRun, noteApproved, noteRefused, postpone, stop, takeOffer } from './participation/offer.js';
import { isBound } from './participation/relay.js';
import { checkNothingOf, checkResults, noLongerChecking, noteChecked, settleResult } from './participation/results.js';
import { endSession, failSession, noteRoot, noteVector, takeFrame } from './participation/session.js';
import {
  type Context,
  chain,
  discardUpdate,
  freshState,
  isTraining,
  type ParticipationState,
  type ParticipationStep,
  runIdOf,
  runOf,
  withEffects,
} from './participation/state.js';
import { failTraining, leaveRound, notePrepared, noteTrained, takeAssignment } from './participation/training.js';

export type { ParticipationState, ParticipationStep } from './participation/state.js';

/** A participant that is not connected yet. With `records`, one that restarted: it keeps every promise it made before. */
export function openParticipation(options: ParticipationOptions): ParticipationState {
  return freshState(options);
}

/** Take one event. Never throws on what the coordinator sent: it answers, ignores, or refuses by name. */
export function stepParticipation(
  ports: ParticipationPorts,
  state: ParticipationState,
  event: ParticipationEvent,
): ParticipationStep {
  const context = { ports, now: event.now };
  switch (event.type) {
    case 'connected':
      return chain(connect(state), (after) => checkResults(after, context));
    case 'disconnected':
      return withEffects(state, { type: 'report', progress: { type: 'disconnected' } });
    case 'message':
      return takeMessage(state, event.message, context);
    case 'plan-approved': {
      const { step, pending } = noteApproved(state, event.run);
      return pending.reduce((so, message) => chain(so, (after) => takeMessage(after, message, context)), step);
    }
    case 'plan-refused':
      return noteRefused(state, event);
    case 'trained':
      return noteTrained(state, event.round);
    case 'prepared':
      return notePrepared(state, event.round);
    case 'failed':
      return fail(state, event, context);
    case 'root-sealed':
      return noteRoot(state, event, context);
    case 'masked':
    case 'uploaded':
      return noteVector(state, event, context);
    case 'rejected':
      return noteRejected(state, event);
    case 'result-checked':
      return noteChecked(state, event, context);
    case 'result-settled':
      return settleResult(state, event);
    case 'result-postponed':
      return withEffects(noLongerChecking(state, event));
    case 'timer':
      return expire(state, event.name, context);
    case 'stop':
      return stop(state, leaving(), context);
  }
}

function connect(state: ParticipationState): ParticipationStep {
  return chain(reviewLeftovers(state), (after) =>
    withEffects(after, { type: 'report', progress: { type: 'connected' } }),
  );
}

/** Nobody spoke of this session for too long: its secrets go. */
function expire(state: ParticipationState, name: string, context: Context): ParticipationStep {
  const { work } = state;
  const runId = runIdOf(state);
  const live = work.type !== 'idle' && runId !== undefined && name === expiryTimer({ runId, round: work.round });
  return live ? endSession(state, context) : leaveWhere(state, (session) => name === expiryTimer(session));
}

function takeMessage(state: ParticipationState, message: CoordinatorMessage, context: Context): ParticipationStep {
  if (state.standing.type === 'considering' && (message.type === 'train' || message.type === 'session')) {
    return postpone(state, message);
  }
  switch (message.type) {
    case 'run':
      return takeOffer(state, message, context);
    case 'train':
      return takeAssignment(state, message, context);
    case 'session':
      return takeFrame(state, message, context);
    case 'waiting':
    case 'paused':
      return withEffects(state, { type: 'report', progress: message });
    case 'not-chosen': {
      const { round, reason } = message;
      const progress = { type: 'sitting-out', round, reason } as const;
      return chain(endRound(state, round, context), (after) => withEffects(after, { type: 'report', progress }));
    }
    case 'abandoned':
      return chain(abandon(state, message.round, context), (after) =>
        withEffects(after, { type: 'report', progress: message }),
      );
    case 'published':
      return chain(
        chain(passRound(state, message.round, context), (after) =>
          withEffects(after, { type: 'report', progress: message }),
        ),
        (after) => checkAfter(after, runOf(state), context, message),
      );
    case 'finished':
      return chain(
        chain(finish(state, context), (after) => checkAfter(after, runOf(state), context)),
        (after) => withEffects(after, { type: 'report', progress: message }),
      );
  }
}

/** @param run that was approved when the message came: a message may end it. */
function checkAfter(
  state: ParticipationState,
  run: ApprovedRun | undefined,
  context: Context,
  published?: Extract<CoordinatorMessage, { type: 'published' }>,
): ParticipationStep {
  const isOff = run?.plan.secureAggregation.aggregateCheck === 'off';
  const considered = run !== undefined && isOff ? checkNothingOf(state, run.runId) : state;
  return checkResults(
    considered,
    context,
    run === undefined || published === undefined ? undefined : { ...published, runId: run.runId },
  );
}

/** Without a run here it is the farewell of one that ended while we were away: whatever was open is over. */
function finish(state: ParticipationState, context: Context): ParticipationStep {
  return state.standing.type === 'none' ? leaveWhere(state, () => true) : leaveRun(state, context);
}

/** A model is published. Who trains for a later session of an asynchronous run goes on: its own model is not history yet. */
function passRound(state: ParticipationState, round: number, context: Context): ParticipationStep {
  const { work } = state;
  const goesOn = isAsynchronous(state) && (isTraining(work) || work.type === 'ready');
  return goesOn ? forgetRound(state, round) : endRound(state, round, context);
}

/** The round is over for us and its base model is history: an update in hand is of no use. */
function endRound(state: ParticipationState, round: number, context: Context): ParticipationStep {
  if (state.work.type !== 'idle' && state.work.round > round) return forgetRound(state, round);
  const left = chain(leaveRound(state, context), (after) => forgetRound(after, round));
  return chain(left, (after) => (after.held === undefined ? withEffects(after) : discardUpdate(after)));
}

/** The round is over and its base model stays: an update that was not uploaded can go into the next attempt. */
function abandon(state: ParticipationState, round: number, context: Context): ParticipationStep {
  const { work } = state;
  const ours = work.type !== 'idle' && work.round === round && !(isAsynchronous(state) && isTraining(work));
  return chain(ours ? leaveRound(state, context) : withEffects(state), (after) => forgetRound(after, round));
}

/** In an asynchronous run an update is trained under a number that others' round may have. */
function isAsynchronous(state: ParticipationState): boolean {
  const mode = runOf(state)?.plan.mode;
  return mode !== undefined && mode !== 'sync';
}

/** A session that an earlier process was in is over with its round. */
function forgetRound(state: ParticipationState, round: number): ParticipationStep {
  const runId = runIdOf(state);
  return leaveWhere(state, (session) => session.runId === runId && session.round <= round);
}

function fail(
  state: ParticipationState,
  event: Extract<ParticipationEvent, { type: 'failed' }>,
  context: Context,
): ParticipationStep {
  const { work } = state;
  if (work.type === 'idle' || work.round !== event.round) return withEffects(state);
  if (isTraining(work) || work.type === 'ready') return failTraining(state, event.error);
  return failSession(state, event.error, context);
}

/** What the coordinator does not accept is its word about the round; it will say how the round ends. */
function noteRejected(
  state: ParticipationState,
  { round, error }: Extract<ParticipationEvent, { type: 'rejected' }>,
): ParticipationStep {
  const { work } = state;
  const told = { type: 'refuse', round, error } as const;
  const current = work.type !== 'idle' && work.round === round;
  // T statements and T reveals end their steps: whoever answers later is told `protocol` in most rounds, and nothing is wrong.
  if (error.code === 'protocol' && (!current || isBound(state))) return withEffects(state);
  if (!current || work.type === 'session') return withEffects(state, told);
  const progress = { type: 'sitting-out', round, reason: error.message } as const;
  const next = work.type === 'ready' ? ({ ...state, work: { type: 'idle' } } as const) : state;
  return withEffects(next, told, { type: 'report', progress });
}

function leaving(): FederatedError {
  return new FederatedError('unavailable', 'the participant is leaving', {
    detail: { rule: 'participant.leaving' },
    fix: 'Start it again to take part in later rounds.',
  });
}
