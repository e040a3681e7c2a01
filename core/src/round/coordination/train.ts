import { equalBytes } from '../../bytes.js';
import { FederatedError } from '../../errors.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import { drawGroups, roundMinimum } from '../grouping.js';
import { abandonRound } from './outcome.js';
import { loseMember, openSessions } from './session.js';
import {
  type Attempt,
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  enterPhase,
  isConnected,
  tell,
  withEffects,
} from './state.js';
import { timerName, timersOf } from './timers.js';
import { acknowledge, noteTrained, trainingFor } from './trainings.js';

/** Assign a cohort: its members train from the current model. */
export function assignCohort(state: CoordinationState, cohort: readonly string[], context: Context): CoordinationStep {
  const selecting = attemptOf(state);
  if (selecting === undefined) return withEffects(state);
  const { round } = selecting;
  const attempt: Attempt = { ...enterPhase(selecting, 'train', context.now), cohort };
  const assigned = withEffects(
    state,
    ...timersOf(state.stage).map((name) => ({ type: 'cancel-timer', name }) as const),
    { type: 'journal', record: { type: 'cohort-assigned', round, cohort } },
  );
  return chain(assigned, (during) => startTraining(during, attempt, context));
}

/** Have the cohort train, or train again after a restart: the deadline starts now, and nobody is ready. */
export function startTraining(state: CoordinationState, attempt: Attempt, { now }: Context): CoordinationStep {
  const { round, cohort, dropped } = attempt;
  const readyMillis = readyMillisOf(state);
  const lost = new Set(dropped.map((dropout) => dropout.participant));
  const staying = cohort.filter((participant) => !lost.has(participant));
  const stage = { type: 'train', attempt, ready: [], deadline: now + readyMillis, graceOver: false } as const;
  const started = withEffects(
    { ...state, stage },
    { type: 'set-timer', name: timerName.ready(round), afterMillis: readyMillis },
    { type: 'report', progress: { type: 'phase', round, phase: 'train', participants: staying } },
  );
  const message = assignment(state, attempt);
  const told = staying.map((to) => ({ to, message }));
  return chain(started, (during) => tell(during, told));
}

/** What a member of the cohort is told to train from, or to measure. */
export function assignment(
  state: CoordinationState,
  { round, kind, base }: Attempt,
): Extract<CoordinatorMessage, { type: 'train' }> {
  const { version: modelVersion, hash: baseModelHash } = base;
  return { type: 'train', round, kind, modelVersion, baseModelHash, readyMillis: readyMillisOf(state) };
}

/** How long a cohort may take to be ready. In an asynchronous run its members hold their updates, and only have to say so again. */
function readyMillisOf({ options, modelVersion }: CoordinationState): number {
  const { mode, deadlines, rounds } = options.plan;
  return mode === 'sync' || modelVersion >= rounds ? deadlines.readyMillis : deadlines.stepMillis;
}

/** A participant says that its update is ready. Repeated, it is acknowledged again. */
export function noteReady(
  state: CoordinationState,
  from: string,
  message: { readonly round: number; readonly baseModelHash: Uint8Array },
  context: Context,
): CoordinationStep {
  const { round, baseModelHash } = message;
  const attempt = attemptOf(state);
  const reject = (error: FederatedError) =>
    withEffects(state, { type: 'rejected', participant: from, round, step: 'ready', error });
  if (attempt === undefined || attempt.round !== round || !attempt.cohort.includes(from)) {
    const training = trainingFor(state, from, message);
    if (training !== undefined) return noteTrained(state, from, training, context);
    return reject(
      new FederatedError('protocol', `round ${round} does not wait for ${from}`, { fix: 'Wait for the next round.' }),
    );
  }
  const base = attempt.base.hash;
  if (!equalBytes(baseModelHash, base)) {
    return reject(
      new FederatedError('verification', 'the update was trained from another model than this round’s', {
        detail: { rule: 'model.hash', round },
        fix: 'Fetch the model that the assignment names.',
      }),
    );
  }
  if (attempt.dropped.some((dropout) => dropout.participant === from && dropout.step === 'train')) {
    // Whoever declined is not counted again, also while the others still train: the record of the round says that it left.
    const why =
      state.stage.type === 'train' ? `${from} left round ${round}` : `the session of round ${round} is open already`;
    return reject(new FederatedError('protocol', why, { fix: 'Wait for the next round.' }));
  }
  const acknowledged = acknowledge(state, { participant: from, round, base }, context);
  if (state.stage.type !== 'train') return acknowledged;
  if (state.stage.ready.includes(from)) return acknowledged;
  const ready = [...state.stage.ready, from];
  const noted = { ...state, stage: { ...state.stage, ready } };
  const report = { type: 'report', progress: { type: 'answered', round, phase: 'train', participant: from } } as const;
  return chain({ state: noted, effects: [...acknowledged.effects, report] }, (during) =>
    considerOpening(during, context),
  );
}

/** A member of the cohort will not be ready in this round. */
export function leaveTraining(
  state: CoordinationState,
  participant: string,
  reason: string,
  context: Context,
): CoordinationStep {
  if (state.stage.type !== 'train' || !state.stage.attempt.cohort.includes(participant)) return withEffects(state);
  const ready = state.stage.ready.filter((other) => other !== participant);
  const left = { ...state, stage: { ...state.stage, ready } };
  const dropout = { participant, step: 'train', reason, bytesReceived: 0, bytesExpected: 0 } as const;
  return chain(loseMember(left, dropout), (during) => considerOpening(during, context));
}

/**
 * The session opens when min(cohort.size, assigned and still connected) are ready and enough for the plan's groups, or when the grace
 * period is over and enough are; it cannot open any more when too many of the cohort have declined.
 */
export function considerOpening(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'train') return withEffects(state);
  const { attempt, graceDeadline, graceOver } = state.stage;
  const { plan } = state.options;
  const { cohort, reportingGoal, deadlines } = plan;
  const min = roundMinimum(plan);
  const lost = new Set(attempt.dropped.map((dropout) => dropout.participant));
  const staying = attempt.cohort.filter((participant) => !lost.has(participant));
  if (staying.length < min) {
    const reason = `${staying.length} of the cohort are left, ${min} are needed`;
    return abandonRound(state, 'train', reason, context.now);
  }
  const ready = readyAndConnected(state);
  const present = staying.filter((participant) => isConnected(state, participant)).length;
  const all = ready.length >= Math.min(cohort.size, present);
  if (ready.length >= min && (all || graceOver)) return closeTraining(state, ready, context);
  if (ready.length < reportingGoal || graceDeadline !== undefined) return withEffects(state);
  const graced = { ...state.stage, graceDeadline: context.now + deadlines.graceMillis };
  return withEffects(
    { ...state, stage: graced },
    { type: 'set-timer', name: timerName.grace(attempt.round), afterMillis: deadlines.graceMillis },
  );
}

/** `grace` has passed: whoever is not ready is not waited for any longer. */
export function endGrace(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'train') return withEffects(state);
  return considerOpening({ ...state, stage: { ...state.stage, graceOver: true } }, context);
}

/** readyMillis have passed since assignment: open with those who are ready, if they are enough, or abandon. */
export function endTraining(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'train') return withEffects(state);
  const ready = readyAndConnected(state);
  const min = roundMinimum(state.options.plan);
  if (ready.length >= min) return closeTraining(state, ready, context);
  const reason = `${ready.length} of ${state.stage.attempt.cohort.length} were ready in time, ${min} are needed`;
  return abandonRound(state, 'train', reason, context.now);
}

function readyAndConnected(state: CoordinationState): string[] {
  if (state.stage.type !== 'train') return [];
  return state.stage.ready.filter((participant) => isConnected(state, participant));
}

function closeTraining(state: CoordinationState, ready: readonly string[], context: Context): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const { groups, leftOver } = drawGroups(state.options.plan, [...ready].sort(), context.ports.random);
  const invited = new Set(groups.flat());
  const lost = new Set(attempt.dropped.map((dropout) => dropout.participant));
  const late = attempt.cohort.filter((participant) => !invited.has(participant) && !lost.has(participant));
  const closed = late.reduce((step, participant) => {
    const reason = leftOver.includes(participant)
      ? 'was left over: too few for a group of their own'
      : isConnected(state, participant)
        ? 'was not ready in time'
        : 'was not connected';
    const message = { type: 'not-chosen', round: attempt.round, reason } as const;
    const dropout = { participant, step: 'train', reason, bytesReceived: 0, bytesExpected: 0 } as const;
    return chain(
      chain(step, (during) => loseMember(during, dropout)),
      (during) => tell(during, [{ to: participant, message }]),
    );
  }, withEffects(state));
  return chain(closed, (during) => openSessions(during, groups, context));
}
