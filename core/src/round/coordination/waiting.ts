import { awaited, cohortOf, survivors } from '../../secagg/aggregator.js';
import { thresholdOf } from '../../secagg/thresholds.js';
import { bounds } from '../../wire/bounds.js';
import { roundMinimum } from '../grouping.js';
import { listed } from '../listed.js';
import { type Candidate, selectable } from '../selection.js';
import { approvalsWait } from './approvals.js';
import { fullestBuffer } from './buffers.js';
import type { CoordinationEffect, RunWait } from './contract.js';
import { couldSpare, nameOfGroup, type RunningGroup, runningGroups } from './groups.js';
import { settlingWait } from './settle.js';
import { type CoordinationState, type CoordinationStep, candidates, isConnected, withEffects } from './state.js';

/** Lists of at most so many names are kept exact at everyone who was told one; a longer one is told again when half of it has changed. */
const exactNamesMax = 32;

/** Who is awaited, as the operator sees it. */
export type Wait = Omit<RunWait, 'text'> &
  Outlook & {
    /** Whom participants are told of, where these are others. */
    readonly told?: readonly string[];
  };

type ToldWait = Wait & { readonly told: readonly string[] };

export interface Outlook {
  /** What happens at the deadline, as a sentence. */
  readonly then: string;
  /** The same without its count: another one is another turn of things. */
  readonly outlook: string;
}

/** A wait that was told, as long as nothing has come between. */
export interface SaidWait extends Pick<Wait, 'round' | 'phase' | 'then' | 'outlook'> {
  readonly awaited: ReadonlySet<string>;
  /** Whom the participants were told of. */
  readonly told: ReadonlySet<string>;
}

/**
 * No wait without a reason: say who is awaited, until when, and what then, whenever that is news. Whoever comes into a selection is told
 * at once; the others when the list has changed enough.
 *
 * @param before the state in which the event came.
 */
export function sayWhoIsAwaited(before: CoordinationState, state: CoordinationState, now: number): CoordinationStep {
  const wait = waitOf(state, now);
  if (wait === undefined) return withEffects(withSaid(state, undefined));
  const { round, phase: step, then, outlook } = wait;
  const awaited = wait.told.slice(0, bounds.cohortMax);
  const remainingMillis = Math.min(wait.remainingMillis, bounds.durationMillisMax);
  const message = { type: 'waiting', round, step, awaited, remainingMillis, then } as const;
  const tell = ({ participant }: Candidate) => ({ type: 'send', to: participant, message }) as const;
  // Those who are here hear whom the round lacks; inside a session everyone is busy and the operator's display is enough.
  const listeners = step === 'select' || step === 'approve' ? candidates(state) : [];
  const { said } = state;
  const [isReported, isTold] = [!isNews(said, wait, 'awaited'), !isNews(said, wait, 'told')];
  const sayTo = (isTold ? newcomers(before, state, listeners) : listeners).map(tell);
  if (isReported && isTold) return withEffects(state, ...sayTo);
  const names = {
    awaited: isReported && said !== undefined ? said.awaited : new Set(wait.awaited),
    told: isTold && said !== undefined ? said.told : new Set(wait.told),
  };
  const next = withSaid(state, { round, phase: step, then, outlook, ...names });
  return withEffects(next, ...(isReported ? [] : [reportWait(wait)]), ...sayTo);
}

function newcomers(
  before: CoordinationState,
  state: CoordinationState,
  listeners: readonly Candidate[],
): readonly Candidate[] {
  if (state.people === before.people) return [];
  const present = new Set(candidates(before).map(({ participant }) => participant));
  return listeners.filter(({ participant }) => !present.has(participant));
}

function withSaid(state: CoordinationState, said: SaidWait | undefined): CoordinationState {
  if (state.said === said) return state;
  const { said: _, ...rest } = state;
  return said === undefined ? rest : { ...rest, said };
}

// To tell everyone of every arrival would be n²/2 messages of up to n names. A long list is told again when it was halved: from a thousand
// names to 32 that is five times, and from there on every time.
function isNews(said: SaidWait | undefined, wait: ToldWait, list: 'awaited' | 'told'): boolean {
  if (said?.round !== wait.round || said.phase !== wait.phase || said.outlook !== wait.outlook) return true;
  const [was, is] = [said[list], wait[list]];
  const known = is.filter((participant) => was.has(participant)).length;
  const changes = was.size + is.length - 2 * known;
  const isShort = Math.min(was.size, is.length) <= exactNamesMax;
  return isShort ? changes > 0 || said.then !== wait.then : 2 * changes >= was.size;
}

/** Who is awaited, for how long, and what happens then; undefined when nobody is. */
function waitOf(state: CoordinationState, now: number): ToldWait | undefined {
  const wait = stageWait(state, now);
  return wait === undefined || wait.awaited.length === 0 ? undefined : { ...wait, told: wait.told ?? wait.awaited };
}

/** Who is awaited at an instant of the run's clock; undefined when nobody is. */
export function waitAt(state: CoordinationState, now: number): RunWait | undefined {
  const wait = waitOf(state, now);
  return wait === undefined ? undefined : inWords(wait);
}

function reportWait(wait: ToldWait): CoordinationEffect {
  return { type: 'report', progress: { type: 'waiting', ...inWords(wait) } };
}

function inWords({ outlook: _, told: _told, ...wait }: ToldWait): RunWait {
  const seconds = Math.ceil(wait.remainingMillis / 1000);
  const text = `waiting for ${wait.awaited.length} of ${wait.of} (${listed(wait.awaited)}), ${seconds} s; then ${wait.then}`;
  return { ...wait, text };
}

function stageWait(state: CoordinationState, now: number): Wait | undefined {
  switch (state.stage.type) {
    case 'approve':
      return approvalsWait(state, now);
    case 'select':
      return selectWait(state, now);
    case 'train':
      return trainWait(state, now);
    case 'buffer':
      return bufferWait(state, now);
    case 'session':
      return sessionWait(state, now);
    case 'settle': {
      const wait = settlingWait(state);
      const remainingMillis = Math.max(0, state.stage.deadline - now);
      return wait === undefined ? undefined : { ...wait, phase: 'abort', remainingMillis, outlook: wait.then };
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
  const present = new Set(here.map((candidate) => candidate.participant));
  const missing = [...state.options.roster.keys()].filter((participant) => !present.has(participant)).sort();
  const remainingMillis = Math.max(0, (selectDeadline ?? deadline) - now);
  const of = Math.max(state.options.roster.size, size);
  const outlook = outlookOf(state, 'the round starts', selectable(here));
  return { round: attempt.round, phase: 'select', awaited: missing, of, remainingMillis, ...outlook };
}

function trainWait(state: CoordinationState, now: number): Wait | undefined {
  if (state.stage.type !== 'train') return undefined;
  const { attempt, deadline, graceDeadline } = state.stage;
  const ready = new Set(state.stage.ready);
  const gone = new Set(attempt.dropped.map((dropout) => dropout.participant));
  const count = state.stage.ready.filter((participant) => isConnected(state, participant)).length;
  const awaited = attempt.cohort.filter((participant) => !ready.has(participant) && !gone.has(participant));
  const remainingMillis = Math.max(0, Math.min(deadline, graceDeadline ?? deadline) - now);
  const { then, outlook } = outlookOf(state, 'the session opens', count);
  const until = graceDeadline === undefined ? outlook : `${outlook}, after the grace period`;
  const of = attempt.cohort.length;
  return { round: attempt.round, phase: 'train', awaited, of, remainingMillis, then, outlook: until };
}

/** Everybody whose update could fill a buffer; where nobody trains, everybody who is not here. */
function bufferWait(state: CoordinationState, now: number): Wait | undefined {
  if (state.stage.type !== 'buffer') return undefined;
  const { round, deadline } = state.stage;
  const remainingMillis = Math.max(0, deadline - now);
  const outlook = outlookOf(state, 'the session opens', fullestBuffer(state));
  const trainings = [...state.trainings].filter(([, { course }]) => course !== 'declined');
  if (trainings.length > 0) {
    const awaited = trainings.flatMap(([participant, { course }]) => (course === 'ready' ? [] : [participant])).sort();
    return { round, phase: 'train', awaited, of: trainings.length, remainingMillis, ...outlook };
  }
  const present = new Set(candidates(state).map(({ participant }) => participant));
  const awaited = [...state.options.roster.keys()].filter((participant) => !present.has(participant)).sort();
  return { round, phase: 'select', awaited, of: state.options.roster.size, remainingMillis, ...outlook };
}

/** What happens with so many participants before there is a session. */
function outlookOf(state: CoordinationState, goingOn: string, count: number): Outlook {
  const min = roundMinimum(state.options.plan);
  const isEnough = count >= min;
  const outlook = isEnough ? goingOn : shortfallWords(state);
  const then = isEnough
    ? `${goingOn} with ${count} ≥ ${min}`
    : `the round is abandoned with ${count} of at least ${min} and ${outlook}`;
  return { then, outlook };
}

/** Everybody who is awaited in any group; the sentence is about the group whose deadline is next. */
function sessionWait(state: CoordinationState, now: number): Wait | undefined {
  if (state.stage.type !== 'session') return undefined;
  const { attempt } = state.stage;
  const waiting = runningGroups(state).filter(({ session }) => awaited(session).length > 0);
  const [next] = [...waiting].sort((a, b) => a.deadline - b.deadline || a.index - b.index);
  if (next === undefined) return undefined;
  const gone = new Set(attempt.dropped.map((dropout) => dropout.participant));
  return {
    round: attempt.round,
    phase: next.step,
    awaited: waiting.flatMap(({ session }) => awaited(session)),
    of: waiting.reduce((sum, group) => sum + expectedIn(group, gone), 0),
    remainingMillis: Math.max(0, next.deadline - now),
    ...groupOutlook(state, next, expectedIn(next, gone)),
  };
}

/** How many take part in the step of a group. */
function expectedIn({ session, step, members }: RunningGroup, gone: ReadonlySet<string>): number {
  if (step === 'certify' || step === 'reveal') return survivors(session).length;
  return members.filter((participant) => !gone.has(participant)).length;
}

/** @param invited how many take part in the step. */
function groupOutlook(state: CoordinationState, group: RunningGroup, invited: number): Outlook {
  const { session, step, index } = group;
  const { plan } = state.options;
  const { maxColluders, minSurvivors } = plan.secureAggregation;
  const threshold = thresholdOf(cohortOf(session).length || invited, maxColluders);
  // Certificates and reveals need T; everything before needs the floor on survivors too.
  const late = step === 'certify' || step === 'reveal';
  const floor = late ? threshold : Math.max(threshold, minSurvivors, plan.cohort.min * Number(step === 'advertise'));
  const count = Math.max(0, invited - awaited(session).length);
  const name = nameOfGroup(state, index);
  const who = name ?? 'the round';
  // Somebody may have revealed already: only the sum itself ends a certified session.
  if (step === 'reveal') {
    const outlook = name === undefined ? 'the certified sum' : `the certified sum of ${name}`;
    const then = `${outlook} is waited for, with ${count} of at least ${floor}`;
    return { then, outlook };
  }
  if (count >= floor) {
    const then = `${who} goes on with ${count} ≥ T = ${floor}`;
    return { then, outlook: who };
  }
  const after = couldSpare(state, index) ? 'the others go on' : shortfallWords(state);
  const what = name === undefined || couldSpare(state, index) ? who : `the round, for lack of ${name},`;
  const then = `${what} is abandoned with ${count} of at least ${floor} and ${after}`;
  return { then, outlook: `${what} ${after}` };
}

function shortfallWords(state: CoordinationState): string {
  const rule = state.options.plan.onShortfall;
  if (rule.action === 'pause') return 'the run pauses';
  if (rule.action === 'abort' || state.shortfalls >= rule.times) return 'the run is aborted';
  return `tried again (${state.shortfalls + 1} of ${rule.times})`;
}
