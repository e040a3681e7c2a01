import { awaited, cohortOf, survivors } from '../../secagg/aggregator.js';
import { thresholdOf } from '../../secagg/thresholds.js';
import { roundMinimum } from '../grouping.js';
import { selectable } from '../selection.js';
import type { CoordinationEffect, RoundPhase } from './contract.js';
import { couldSpare, nameOfGroup, type RunningGroup, runningGroups } from './groups.js';
import { settlingWait } from './settle.js';
import { attemptOf, type CoordinationState, candidates, isConnected } from './state.js';

interface Wait {
  readonly round: number;
  readonly phase: RoundPhase | 'abort';
  readonly awaited: readonly string[];
  readonly of: number;
  readonly remainingMillis: number;
  readonly then: string;
}

/** Who is awaited, for how long, and what happens then; undefined when nobody is. */
export function waitOf(state: CoordinationState, now: number): Wait | undefined {
  const wait = stageWait(state, now);
  return wait === undefined || wait.awaited.length === 0 ? undefined : wait;
}

/** The report of a wait, with a sentence such as "waiting for 2 of 5 (beta, delta), 8 s; then the round goes on with 3 ≥ T = 3". */
export function reportWait(wait: Wait): CoordinationEffect {
  const seconds = Math.ceil(wait.remainingMillis / 1000);
  const text = `waiting for ${wait.awaited.length} of ${wait.of} (${listed(wait.awaited)}), ${seconds} s; then ${wait.then}`;
  return { type: 'report', progress: { type: 'waiting', ...wait, text } };
}

function stageWait(state: CoordinationState, now: number): Wait | undefined {
  switch (state.stage.type) {
    case 'select':
      return selectWait(state, now);
    case 'train':
      return trainWait(state, now);
    case 'session':
      return sessionWait(state, now);
    case 'settle': {
      const wait = settlingWait(state);
      const remainingMillis = Math.max(0, state.stage.deadline - now);
      return wait === undefined ? undefined : { ...wait, phase: 'abort', remainingMillis };
    }
    default:
      return undefined;
  }
}

function selectWait(state: CoordinationState, now: number): Wait | undefined {
  if (state.stage.type !== 'select') return undefined;
  const { attempt, deadline, selectDeadline } = state.stage;
  const here = candidates(state);
  const { size } = state.options.plan.cohort;
  const min = roundMinimum(state.options.plan);
  const present = new Set(here.map((candidate) => candidate.participant));
  const count = selectable(here);
  const missing = [...state.options.roster.keys()].filter((participant) => !present.has(participant)).sort();
  const then =
    count >= min
      ? `the round starts with ${count} ≥ ${min}`
      : `the round is abandoned with ${count} of at least ${min} and ${shortfallWords(state)}`;
  const remainingMillis = Math.max(0, (selectDeadline ?? deadline) - now);
  const of = Math.max(state.options.roster.size, size);
  return { round: attempt.round, phase: 'select', awaited: missing, of, remainingMillis, then };
}

function trainWait(state: CoordinationState, now: number): Wait | undefined {
  if (state.stage.type !== 'train') return undefined;
  const { attempt, ready, deadline, graceDeadline } = state.stage;
  const min = roundMinimum(state.options.plan);
  const gone = new Set(attempt.dropped.map((dropout) => dropout.participant));
  const count = ready.filter((participant) => isConnected(state, participant)).length;
  const missing = attempt.cohort.filter((participant) => !ready.includes(participant) && !gone.has(participant));
  const then =
    count >= min
      ? `the session opens with ${count} ≥ ${min}`
      : `the round is abandoned with ${count} of at least ${min} and ${shortfallWords(state)}`;
  const remainingMillis = Math.max(0, Math.min(deadline, graceDeadline ?? deadline) - now);
  return { round: attempt.round, phase: 'train', awaited: missing, of: attempt.cohort.length, remainingMillis, then };
}

/** Everybody who is awaited in any group; the sentence is about the group whose deadline is next. */
function sessionWait(state: CoordinationState, now: number): Wait | undefined {
  if (state.stage.type !== 'session') return undefined;
  const { attempt } = state.stage;
  const waiting = runningGroups(state).filter(({ session }) => awaited(session).length > 0);
  const [next] = [...waiting].sort((a, b) => a.deadline - b.deadline || a.index - b.index);
  if (next === undefined) return undefined;
  const then = groupOutlook(state, next);
  return {
    round: attempt.round,
    phase: next.step,
    awaited: waiting.flatMap(({ session }) => awaited(session)),
    of: waiting.reduce((sum, group) => sum + expectedIn(state, group), 0),
    remainingMillis: Math.max(0, next.deadline - now),
    then,
  };
}

/** Who takes part in the step of a group. */
function expectedIn(state: CoordinationState, { session, step, members }: RunningGroup): number {
  if (step === 'certify' || step === 'reveal') return survivors(session).length;
  const gone = new Set(attemptOf(state)?.dropped.map((dropout) => dropout.participant));
  return members.filter((participant) => !gone.has(participant)).length;
}

function groupOutlook(state: CoordinationState, group: RunningGroup): string {
  const { session, step, index } = group;
  const { plan } = state.options;
  const { maxColluders, minSurvivors } = plan.secureAggregation;
  const invited = expectedIn(state, group);
  const threshold = thresholdOf(cohortOf(session).length || invited, maxColluders);
  // Certificates and reveals need T; everything before needs the floor on survivors too.
  const late = step === 'certify' || step === 'reveal';
  const floor = late ? threshold : Math.max(threshold, minSurvivors, plan.cohort.min * Number(step === 'advertise'));
  const count = Math.max(0, invited - awaited(session).length);
  const name = nameOfGroup(state, index);
  const who = name ?? 'the round';
  // Somebody may have revealed already: only the sum itself ends a certified session.
  if (step === 'reveal') {
    const sum = name === undefined ? 'the certified sum' : `the certified sum of ${name}`;
    return `${sum} is waited for, with ${count} of at least ${floor}`;
  }
  if (count >= floor) return `${who} goes on with ${count} ≥ T = ${floor}`;
  const after = couldSpare(state, index) ? 'the others go on' : shortfallWords(state);
  const what = name === undefined || couldSpare(state, index) ? who : `the round, for lack of ${name},`;
  return `${what} is abandoned with ${count} of at least ${floor} and ${after}`;
}

function shortfallWords(state: CoordinationState): string {
  const rule = state.options.plan.onShortfall;
  if (rule.action === 'pause') return 'the run pauses';
  if (rule.action === 'abort' || state.shortfalls >= rule.times) return 'the run is aborted';
  return `tried again (${state.shortfalls + 1} of ${rule.times})`;
}

/** At most eight names; a display needs no more to be useful. */
function listed(participants: readonly string[]): string {
  if (participants.length <= 8) return participants.join(', ');
  return `${participants.slice(0, 8).join(', ')} and ${participants.length - 8} more`;
}
