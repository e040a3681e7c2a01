import type { Abandonment, AggregatorEffect, SessionStep, SumOrder } from '../../secagg/aggregator/contract.js';
import { type AggregatorStep, awaited, stepAggregator } from '../../secagg/aggregator.js';
import { groupsRequired } from '../grouping.js';
import type { CoordinationEffect, RoundPhase, SpoiledGroup } from './contract.js';
import { abandonRound, connectedOf } from './outcome.js';
import {
  type Attempt,
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  enterPhase,
  type Group,
  groupsOf,
  type Stage,
  withAttempt,
  withEffects,
  withGroup,
} from './state.js';
import { timerName } from './timers.js';
import { keepUnsettled, performUnsettled } from './unsettled.js';

/** One whose session is under way. */
export type RunningGroup = Extract<Group, { readonly course: 'running' }>;
type Opened = Extract<Group, { readonly course: 'opened' }>;

type Aggregating = Extract<Stage, { readonly type: 'aggregate' }>;

const steps: readonly SessionStep[] = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'];

/** The groups whose sessions are under way. */
export function runningGroups(state: CoordinationState): readonly RunningGroup[] {
  return groupsOf(state).filter((group): group is RunningGroup => group.course === 'running');
}

/** The groups whose sums can be computed. */
export function openedGroups(state: CoordinationState): readonly Opened[] {
  return groupsOf(state).filter((group): group is Opened => group.course === 'opened');
}

/** The group of the round under way that a participant was invited to, wherever it stands. */
export function groupOf(groups: readonly Group[], participant: string): Group | undefined {
  return groups.find(({ members }) => members.includes(participant));
}

/** Whether enough groups are left for a model without this one. */
export function couldSpare(state: CoordinationState, index: number): boolean {
  const others = groupsOf(state).filter(
    (group) => group.index !== index && (group.course === 'running' || group.course === 'opened'),
  );
  return others.length > 0 && others.length >= groupsRequired(state.options.plan);
}

/** What people call a group: "group 2 of 3"; a round's only one has no name. */
export function nameOfGroup(state: CoordinationState, index: number): string | undefined {
  const { length } = groupsOf(state);
  return length > 1 ? `group ${index + 1} of ${length}` : undefined;
}

/** Why a round is abandoned, when that is because of a group. */
export function reasonOf(state: CoordinationState, index: number, reason: string): string {
  const name = nameOfGroup(state, index);
  return name === undefined ? reason : `${name}: ${reason}`;
}

/** Tell the members of a group that it was given up, and that their round goes on without them. */
export function tellGroup(
  state: CoordinationState,
  {
    index,
    members,
    reason: said,
  }: { readonly index: number; readonly members: readonly string[]; readonly reason: string },
): readonly CoordinationEffect[] {
  const reason = `${reasonOf(state, index, said)}; the round goes on with the others`;
  const message = { type: 'abandoned', round: state.round, reason, retry: false } as const;
  return connectedOf(state, members).map((to) => ({ type: 'send', to, message }) as const);
}

/** The phase of a round is the step of the slowest of its groups. Said when it changes; of a round's only group at every step. */
export function enterRoundPhase(state: CoordinationState, now: number): CoordinationStep {
  const attempt = attemptOf(state);
  const slowest = slowestStep(state);
  if (attempt === undefined || slowest === undefined) return withEffects(state);
  const entered = withAttempt(state, enterPhase(attempt, slowest, now));
  const isNew = slowest !== attempt.phase || groupsOf(state).length === 1;
  return isNew ? reportRoundPhase(entered) : withEffects(entered);
}

/** Say which step the slowest groups are in, and who of them is awaited. */
export function reportRoundPhase(state: CoordinationState): CoordinationStep {
  const attempt = attemptOf(state);
  const slowest = slowestStep(state);
  if (attempt === undefined || slowest === undefined) return withEffects(state);
  const participants = runningGroups(state)
    .filter(({ step }) => step === slowest)
    .flatMap(({ session }) => awaited(session));
  return withEffects(state, {
    type: 'report',
    progress: { type: 'phase', round: attempt.round, phase: slowest, participants },
  });
}

/** Of the groups that run. */
export function slowestStep(state: CoordinationState): SessionStep | undefined {
  const running = new Set(runningGroups(state).map(({ step }) => step));
  return steps.find((step) => running.has(step));
}

/** The sum of a group can be computed. */
export function noteOpened(state: CoordinationState, index: number, sum: SumOrder, now: number): CoordinationStep {
  const attempt = attemptOf(state);
  const group = groupsOf(state)[index];
  if (attempt === undefined || group?.course !== 'running') return withEffects(state);
  const { members, session, step } = group;
  const opened = withGroup(state, { index, members, course: 'opened', session, sum });
  const name = timerName.step(attempt.round, index, step);
  return chain(withEffects(opened, { type: 'cancel-timer', name }), (during) => considerAggregating(during, now));
}

/** Nobody is waited for in any group: compute the sums, or say where the slowest stands. */
export function considerAggregating(state: CoordinationState, now: number): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined || state.stage.type !== 'session') return withEffects(state);
  if (runningGroups(state).length > 0)
    return groupsOf(state).length > 1 ? enterRoundPhase(state, now) : withEffects(state);
  const { round, kind } = attempt;
  const aggregating = withOpened({ ...state.stage, attempt: enterPhase(attempt, 'aggregate', now) });
  const sums = openedGroups(state).map(({ index: group, sum }) => ({ group, sum }));
  return withEffects(
    { ...state, stage: { ...aggregating, type: 'aggregate' } },
    {
      type: 'report',
      progress: { type: 'phase', round, phase: 'aggregate', participants: aggregating.attempt.survivors },
    },
    { type: 'open-sum', round, kind, baseModelHash: attempt.base.hash, sums },
  );
}

/** A round whose survivors are those of the groups that are open. */
function withOpened<Part extends { readonly attempt: Attempt; readonly groups: readonly Group[] }>(part: Part): Part {
  const sums = part.groups.flatMap((group) => (group.course === 'opened' ? [group.sum] : []));
  const survivors = inOrder(sums.map((sum) => sum.survivors.map(({ participant }) => participant)));
  const recovered = inOrder(sums.map((sum) => sum.recovered));
  return { ...part, attempt: { ...part.attempt, survivors, recovered } };
}

/** The same round without the groups whose opened sums are of no use. Their members signed survivors all the same. */
export function withoutSpoiled(aggregating: Aggregating, spoiled: readonly SpoiledGroup[]): Aggregating {
  if (spoiled.length === 0) return aggregating;
  const groups = aggregating.groups.map((group): Group => {
    const spoilt = spoiled.find((one) => one.group === group.index);
    if (spoilt === undefined || group.course !== 'opened') return group;
    const { index, members, session } = group;
    return { index, members, course: 'spoiled', session, reason: spoilt.reason };
  });
  return withOpened({ ...aggregating, groups });
}

/** One group's are in the order of its cohort already. */
function inOrder(names: readonly (readonly string[])[]): readonly string[] {
  return names.length === 1 ? names[0]! : names.flat().sort();
}

/**
 * A group's session was given up. The round goes on with the others while enough are left; else it is abandoned, and every session that
 * still runs is given up with it.
 */
export function failGroup(
  state: CoordinationState,
  index: number,
  { step, reason }: Abandonment,
  context: Context,
): CoordinationStep {
  if (couldSpare(state, index)) return leaveBehind(state, index, { phase: step, reason }, context);
  const why = reasonOf(state, index, reason);
  return giveUpGroups(state, { reason: why, except: index }, context, (during) =>
    abandonRound(during, step, why, context.now),
  );
}

function leaveBehind(
  state: CoordinationState,
  index: number,
  failure: { readonly phase: RoundPhase; readonly reason: string },
  context: Context,
): CoordinationStep {
  const attempt = attemptOf(state);
  const group = groupsOf(state)[index];
  if (attempt === undefined || group?.course !== 'running') return withEffects(state);
  const { round } = attempt;
  const { members, session, step } = group;
  const told = new Map(attempt.told);
  for (const member of members) told.delete(member);
  const failed = withGroup(withAttempt(state, { ...attempt, told }), { index, members, course: 'failed', ...failure });
  const reason = reasonOf(state, index, failure.reason);
  const left = withEffects(
    keepUnsettled(failed, { round, group: index, session }),
    { type: 'cancel-timer', name: timerName.step(round, index, step) },
    ...tellGroup(state, { index, members, reason: failure.reason }),
    { type: 'report', progress: { type: 'group-abandoned', round, phase: failure.phase, members, reason } },
  );
  return chain(left, (during) => considerAggregating(during, context.now));
}

/**
 * Give up every session that still runs; a certified one cannot be. What follows for the round is decided between their records, which
 * come first, and the questions for aborts.
 *
 * @param giving.except a group that was given up already.
 */
export function giveUpGroups(
  state: CoordinationState,
  giving: { readonly reason: string; readonly except?: number },
  { ports }: Context,
  then: (state: CoordinationState) => CoordinationStep,
): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return then(state);
  const { round } = attempt;
  const given = runningGroups(state)
    .filter(({ index }) => index !== giving.except)
    .map((group): { readonly group: RunningGroup; readonly step: AggregatorStep } => {
      const step = stepAggregator(ports, group.session, { type: 'abandon', reason: giving.reason });
      return { group: { ...group, session: step.state }, step };
    });
  const carryOut = (so: CoordinationStep, wanted: (effect: AggregatorEffect) => boolean) =>
    given
      .flatMap(({ group, step }) => step.effects.map((effect) => ({ group: group.index, effect })))
      .filter(({ effect }) => wanted(effect))
      .reduce(
        (step, { group, effect }) => chain(step, (during) => performUnsettled(during, { round, group }, effect)),
        so,
      );
  const left = given.reduce((so, { group }) => withGroup(so, group), state);
  const journalled = carryOut(withEffects(left), ({ type }) => type === 'journal');
  return carryOut(chain(journalled, then), ({ type }) => type !== 'journal');
}
