import { boundedReason } from '../../text.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import type { CoordinationEffect, RoundPhase, RoundRecord, RunEndRule, RunOutcome } from './contract.js';
import { recordGroups } from './round-groups.js';
import {
  type Attempt,
  attemptOf,
  type CoordinationState,
  type CoordinationStep,
  chain,
  enterPhase,
  type Group,
  groupsOf,
  withEffects,
  withoutPausing,
} from './state.js';
import { timersOf } from './timers.js';
import { dropUnsettled, keepUnsettled } from './unsettled.js';

/** The new model is durable: record the round, tell everyone, go on or finish. */
export function noteModel(state: CoordinationState, modelHash: Uint8Array, now: number): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const modelVersion = state.modelVersion + 1;
  const record = recordOf(state, attempt, now, { type: 'published', modelVersion, modelHash });
  const { round, survivors } = attempt;
  const message = { type: 'published', round, modelVersion, modelHash, survivors: survivors.length } as const;
  const ended = endRound(state, attempt, record, { message, listeners: [...state.people.keys()] });
  return chain(ended, (after) => {
    const late = { published: { round, groups: groupsOf(state) } };
    const published = { ...after, ...late, modelVersion, modelHash, shortfalls: 0, stage: { type: 'next' } } as const;
    return dropUnsettled(published);
  });
}

/** The last model was measured. Whoever took part hears that the run is over. */
export function noteEvaluation(state: CoordinationState, now: number): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const record = recordOf(state, attempt, now, { type: 'evaluated' });
  return chain(endRound(state, attempt, record), (after) => withEffects({ ...after, stage: { type: 'next' } }));
}

/** The round cannot publish: record it, tell the cohort, then do what the plan's shortfall rule says. */
export function abandonRound(
  state: CoordinationState,
  phase: RoundPhase,
  reason: string,
  now: number,
): CoordinationStep {
  const rule = state.options.plan.onShortfall;
  const shortfalls = state.shortfalls + 1;
  const retry = rule.action === 'retry' && shortfalls <= rule.times;
  const evaluating = attemptOf(state)?.kind === 'evaluate';
  return chain(closeRound(state, { phase, reason, retry, now }), (closed) => {
    const after = { ...closed, shortfalls };
    // All models are published: whether the last one is measured changes nothing about them.
    if (retry || evaluating) return withEffects({ ...after, stage: { type: 'next' } });
    if (rule.action === 'pause') return pause(after, reason);
    const why = rule.action === 'retry' && rule.times > 0 ? `${reason}; ${rule.times} retries were used` : reason;
    return finish(after, 'aborted', why);
  });
}

/** Nothing happens until a person resumes the run. */
export function pause(state: CoordinationState, why: string): CoordinationStep {
  const reason = boundedReason(why);
  return withEffects(
    { ...withoutPausing(state), stage: { type: 'paused', reason } },
    { type: 'journal', record: { type: 'paused', reason } },
    ...connectedOf(state, [...state.people.keys()]).map(
      (to) => ({ type: 'send', to, message: { type: 'paused', reason } }) as const,
    ),
    { type: 'report', progress: { type: 'paused', reason } },
  );
}

/** End the round under way as abandoned, without deciding what follows. */
export function closeRound(
  state: CoordinationState,
  end: { readonly phase: RoundPhase; readonly reason: string; readonly retry: boolean; readonly now: number },
): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const { phase, reason, retry, now } = end;
  const record = recordOf(state, attempt, now, { type: 'abandoned', phase, reason });
  const message = { type: 'abandoned', round: attempt.round, reason, retry } as const;
  const listeners = attempt.cohort.length > 0 ? attempt.cohort : [...state.people.keys()];
  return endRound(state, attempt, record, { message, listeners });
}

/** The run is over: nothing is awaited any more. */
export function finish(
  state: CoordinationState,
  outcome: RunOutcome,
  why: string,
  rule?: RunEndRule,
): CoordinationStep {
  const end = { outcome, reason: boundedReason(why), ...(rule === undefined ? {} : { rule }) };
  const over = { ...state, stage: { type: 'over', ...end } } as const;
  return withEffects(
    over,
    { type: 'journal', record: { type: 'finished', ...end } },
    ...connectedOf(state, [...state.people.keys()]).map(
      (to) => ({ type: 'send', to, message: farewell(over) }) as const,
    ),
    { type: 'report', progress: { type: 'finished', ...end, modelVersion: state.modelVersion } },
  );
}

/** What a participant hears of a run that is over. */
export function farewell(state: CoordinationState): CoordinatorMessage {
  const { stage, modelVersion, modelHash } = state;
  const { outcome, reason } = stage.type === 'over' ? stage : { outcome: 'aborted' as const, reason: '' };
  return { type: 'finished', modelVersion, modelHash, outcome, reason };
}

function endRound(
  state: CoordinationState,
  attempt: Attempt,
  record: RoundRecord,
  news?: { readonly message: CoordinatorMessage; readonly listeners: readonly string[] },
): CoordinationStep {
  const told = news === undefined ? [] : connectedOf(state, news.listeners);
  const effects: CoordinationEffect[] = [
    ...timersOf(state.stage).map((name) => ({ type: 'cancel-timer', name }) as const),
    { type: 'journal', record: { type: 'round-ended', record } },
    ...told.map((to) => ({ type: 'send', to, message: news!.message }) as const),
    { type: 'report', progress: { type: 'round-ended', record } },
    { type: 'round-over', round: attempt.round },
  ];
  const ended = { ...state, history: [...state.history, record] };
  const { round } = attempt;
  // Nobody is asked to train from a model that is history, so that nothing that was signed on it bars anybody.
  const concerns = record.outcome.type === 'abandoned' && attempt.base.version === state.modelVersion;
  const left = concerns ? keepGroups(ended, round, groupsOf(state)) : ended;
  // What restores one session of the round is destroyed with that of all.
  if (left.unsettled.some((one) => one.round === round)) return { state: left, effects };
  return { state: left, effects: [...effects, { type: 'session-over', round }] };
}

function keepGroups(state: CoordinationState, round: number, groups: readonly Group[]): CoordinationState {
  return groups.reduce(
    (so, group) =>
      group.course === 'failed' ? so : keepUnsettled(so, { round, group: group.index, session: group.session }),
    state,
  );
}

function recordOf(
  state: CoordinationState,
  attempt: Attempt,
  now: number,
  outcome: RoundRecord['outcome'],
): RoundRecord {
  const { round, kind, base, cohort, survivors, dropped, recovered, metrics, excess } = attempt;
  const phases = enterPhase(attempt, attempt.phase, now).millis;
  const opened = outcome.type !== 'abandoned';
  const groups = recordGroups(groupsOf(state));
  return {
    round,
    kind,
    baseModelVersion: base.version,
    cohort,
    survivors: opened ? survivors : [],
    dropped,
    recovered: opened ? recovered : [],
    ...(groups === undefined ? {} : { groups }),
    phases,
    metrics: opened ? metrics : [],
    ...(opened && excess !== undefined ? { excess } : {}),
    outcome,
  };
}

/** Of some participants, those whose streams are open. */
export function connectedOf(state: CoordinationState, participants: readonly string[]): string[] {
  return participants.filter((participant) => state.people.get(participant)?.connected);
}
