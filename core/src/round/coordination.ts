import { FederatedError } from '../errors.js';
import { endApprovals } from './coordination/approvals.js';
import { endBuffers } from './coordination/buffers.js';
import type { CoordinationEvent, CoordinationOptions, CoordinationPorts } from './coordination/contract.js';
import { groupOf, runningGroups, withoutSpoiled } from './coordination/groups.js';
import { nextRound } from './coordination/next.js';
import { abort, pauseNext, resume, start } from './coordination/operate.js';
import { abandonRound, noteEvaluation, noteModel } from './coordination/outcome.js';
import { checkIn, leave, noteApproval, noteDecline } from './coordination/people.js';
import { replay } from './coordination/replay.js';
import { endSelection, endSelectionShort } from './coordination/select.js';
import { acknowledgeLate, awaitReveals, stepSession } from './coordination/session.js';
import { considerSettling, endSettling } from './coordination/settle.js';
import {
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  currentModel,
  enterPhase,
  groupsOf,
  withAttempt,
  withEffects,
} from './coordination/state.js';
import { timerName } from './coordination/timers.js';
import { endGrace, endTraining, noteReady } from './coordination/train.js';
import { stepUnsettled } from './coordination/unsettled.js';
import { sayWhoIsAwaited } from './coordination/waiting.js';
import { groupsRequired } from './grouping.js';

export type { CoordinationState, CoordinationStep } from './coordination/state.js';

/** A run that waits for `start`. Check-ins before it are kept. With `records`, one that goes on after a restart. */
export function openCoordination(options: CoordinationOptions): CoordinationState {
  return replay(options);
}

/** Take one event. Never throws on what a participant sent; late, repeated and foreign events are answered or ignored. */
export function stepCoordination(
  ports: CoordinationPorts,
  state: CoordinationState,
  event: CoordinationEvent,
): CoordinationStep {
  const context = { ports, now: event.now };
  const stepped = chain(take(state, event, context), (after) => goOn(after, context));
  return chain(stepped, (after) => sayWhoIsAwaited(state, after, event.now));
}

function take(state: CoordinationState, event: CoordinationEvent, context: Context): CoordinationStep {
  switch (event.type) {
    case 'start':
      return start(state, event.wallMillis, context);
    case 'check-in':
      return checkIn(state, event.participant, context);
    case 'disconnected':
      return leave(state, event.participant, context);
    case 'message':
      return takeMessage(state, event, context);
    case 'upload-progress':
    case 'upload-broken':
      return noteBytes(state, event);
    case 'uploaded':
      return noteUpload(state, event, context);
    case 'timer':
      return takeTimer(state, event.name, context);
    case 'sum-opened':
      return noteSum(state, event, context);
    case 'round-failed':
      return failRound(state, event, context);
    case 'published': {
      const current = state.stage.type === 'publish' && state.stage.attempt.round === event.round;
      return current ? noteModel(state, event.modelHash, context.now) : withEffects(state);
    }
    case 'pause':
      return pauseNext(state, event.reason, context);
    case 'resume':
      return resume(state);
    case 'abort':
      return abort(state, event.reason, context);
  }
}

function takeMessage(
  state: CoordinationState,
  event: Extract<CoordinationEvent, { type: 'message' }>,
  context: Context,
): CoordinationStep {
  const { participant: from, message } = event;
  switch (message.type) {
    case 'approved':
      return noteApproval(state, from, message, context);
    case 'ready':
      return noteReady(state, from, message, context);
    case 'decline':
      return noteDecline(state, from, message, context);
    case 'session': {
      const { round, frame } = message;
      const group = groupOf(groupsOf(state), from);
      if (group !== undefined && group.course !== 'failed' && state.round === round) {
        return stepSession(state, group, { type: 'reply', from, frame }, context);
      }
      const unsettled = state.unsettled.find(
        (one) => one.round === round && one.session.options.invited.includes(from),
      );
      if (unsettled !== undefined) {
        return chain(stepUnsettled(state, unsettled, { type: 'reply', from, frame }, context), considerSettling);
      }
      const late = state.published?.round === round ? groupOf(state.published.groups, from) : undefined;
      if (late !== undefined && late.course !== 'failed') return acknowledgeLate(state, late, { from, frame }, context);
      const error = new FederatedError('protocol', `round ${round} has no open session`, {
        detail: { round, step: frame.type },
        fix: 'Wait for the next round.',
      });
      return withEffects(state, { type: 'rejected', participant: from, round, step: frame.type, error });
    }
  }
}

function noteBytes(
  state: CoordinationState,
  event: Extract<CoordinationEvent, { type: 'upload-progress' | 'upload-broken' }>,
): CoordinationStep {
  const { participant, bytesReceived, bytesExpected } = event;
  const attempt = attemptOf(state);
  if (attempt === undefined || state.stage.type !== 'session') return withEffects(state);
  const uploads = new Map(attempt.uploads).set(participant, { bytesReceived, bytesExpected });
  const progress = { type: 'upload', round: attempt.round, participant, bytesReceived, bytesExpected } as const;
  return withEffects(withAttempt(state, { ...attempt, uploads }), { type: 'report', progress });
}

function noteUpload(
  state: CoordinationState,
  event: Extract<CoordinationEvent, { type: 'uploaded' }>,
  context: Context,
): CoordinationStep {
  const { participant: from, contentDigest } = event;
  const group = state.stage.type === 'session' ? groupOf(state.stage.groups, from) : undefined;
  if (group !== undefined && group.course !== 'failed')
    return stepSession(state, group, { type: 'upload-complete', from, contentDigest }, context);
  const error = new FederatedError('protocol', 'the upload came too late', { fix: 'Wait for the next round.' });
  return withEffects(state, { type: 'rejected', participant: from, round: state.round, step: 'upload', error });
}

function takeTimer(state: CoordinationState, name: string, context: Context): CoordinationStep {
  if (state.stage.type === 'approve' && name === timerName.approve) return endApprovals(state, context);
  if (state.stage.type === 'settle' && name === timerName.abort(state.round)) return endSettling(state, context);
  if (state.stage.type === 'buffer' && name === timerName.buffer(state.stage.round)) return endBuffers(state, context);
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const { round } = attempt;
  const { stage } = state;
  switch (stage.type) {
    case 'select':
      if (name === timerName.select(round) && stage.selectDeadline !== undefined) return endSelection(state, context);
      return name === timerName.checkIn(round) ? endSelectionShort(state, context) : withEffects(state);
    case 'train':
      if (name === timerName.grace(round)) return endGrace(state, context);
      return name === timerName.ready(round) ? endTraining(state, context) : withEffects(state);
    case 'session': {
      const group = runningGroups(state).find(({ index, step }) => name === timerName.step(round, index, step));
      if (group === undefined) return withEffects(state);
      if (group.step === 'reveal') return awaitReveals(state, group, context);
      return stepSession(state, group, { type: 'close-step', step: group.step }, context);
    }
    default:
      return withEffects(state);
  }
}

function noteSum(
  state: CoordinationState,
  event: Extract<CoordinationEvent, { type: 'sum-opened' }>,
  { now }: Context,
): CoordinationStep {
  if (state.stage.type !== 'aggregate' || state.stage.attempt.round !== event.round) return withEffects(state);
  const { round, totalWeight, metrics, spoiled = [] } = event;
  const excess = event.excess === undefined ? {} : { excess: event.excess };
  const without = spoiled.length === 0 ? {} : { spoiled };
  const record = { type: 'sum-opened', round, totalWeight, metrics, ...excess, ...without } as const;
  const opened = { type: 'journal', record } as const;
  const stage = withoutSpoiled(state.stage, spoiled);
  const left = stage.groups.filter(({ course }) => course === 'opened').length;
  const required = groupsRequired(state.options.plan);
  if (left < required) {
    const reason = `${left} groups are left without those whose sums were spoiled, ${required} are needed`;
    return chain(withEffects({ ...state, stage }, opened), (after) => abandonRound(after, 'aggregate', reason, now));
  }
  if (stage.attempt.kind === 'evaluate') {
    const measured = { ...state, stage: { ...stage, attempt: { ...stage.attempt, metrics } } };
    return chain(withEffects(measured, opened), (after) => noteEvaluation(after, now));
  }
  const attempt = { ...enterPhase(stage.attempt, 'publish', now), metrics, ...excess };
  const { version, hash: currentModelHash } = currentModel(state);
  return withEffects(
    { ...state, stage: { ...stage, type: 'publish', attempt } },
    opened,
    { type: 'report', progress: { type: 'phase', round, phase: 'publish', participants: attempt.survivors } },
    { type: 'publish', round, currentModelHash, staleness: version - attempt.base.version, modelVersion: version + 1 },
  );
}

function failRound(
  state: CoordinationState,
  event: Extract<CoordinationEvent, { type: 'round-failed' }>,
  { now }: Context,
): CoordinationStep {
  const { stage } = state;
  if ((stage.type !== 'aggregate' && stage.type !== 'publish') || stage.attempt.round !== event.round)
    return withEffects(state);
  return abandonRound(state, stage.type, event.reason, now);
}

/** A round that ended makes room for what follows it in the same step. */
function goOn(state: CoordinationState, context: Context): CoordinationStep {
  return state.stage.type === 'next' ? nextRound(state, context) : withEffects(state);
}
