import { restoreAggregator } from '../../secagg/aggregator/restore.js';
import { isLive } from '../../secagg/aggregator/state.js';
import { type AggregatorState, framesSent } from '../../secagg/aggregator.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import type { CoordinationEffect } from './contract.js';
import {
  considerAggregating,
  couldSpare,
  giveUpGroups,
  reasonOf,
  reportRoundPhase,
  runningGroups,
  slowestStep,
  tellGroup,
} from './groups.js';
import { abandonRound } from './outcome.js';
import { startSelection } from './select.js';
import { enterStep } from './session.js';
import {
  type Attempt,
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  type Group,
  groupsOf,
  isConnected,
  type JournalledGroup,
  withAttempt,
  withEffects,
} from './state.js';
import { assignment, startTraining } from './train.js';
import { keepRestored, type Unsettled } from './unsettled.js';

/**
 * Go on with the round that was under way when the process ended. Deadlines start again, for the time without a coordinator is
 * nobody's fault; whoever connects is told everything of the round once more, and answers with the same bytes.
 */
export function resumeRound(state: CoordinationState, context: Context): CoordinationStep {
  const { stage } = state;
  if (stage.type !== 'stopped') return withEffects(state);
  const attempt = { ...stage.attempt, phaseSince: context.now };
  if (stage.journalled.length > 0) return resumeSessions(state, attempt, stage.journalled, context);
  if (attempt.cohort.length > 0) return startTraining(state, attempt, context);
  return startSelection(state, attempt, context);
}

interface RestoredGroup {
  readonly group: Group;
  readonly session: AggregatorState;
}

function resumeSessions(
  state: CoordinationState,
  attempt: Attempt,
  journalled: readonly JournalledGroup[],
  context: Context,
): CoordinationStep {
  const restored = [...journalled].sort((a, b) => a.group - b.group).map((one) => restoreGroup(one, context));
  const groups = restored.map(({ group }) => group);
  const told = new Map(
    restored.flatMap(({ group, session }) =>
      group.course === 'failed'
        ? []
        : group.members.map((to) => [to, messagesTo(state, attempt, session, to)] as const),
    ),
  );
  const again = [...told].flatMap(([to, messages]) =>
    isConnected(state, to) ? messages.map((message) => ({ type: 'send', to, message }) as const) : [],
  );
  const stage = { type: 'session', attempt: { ...attempt, told }, groups } as const;
  const resumed = withEffects({ ...state, stage }, ...again);
  const timed = chain(resumed, (during) => restartSteps(during, context));
  const failed = restored.filter(({ group }) => group.course === 'failed');
  const kept = chain(timed, (during) =>
    withEffects(
      failed.reduce(
        (so, { group, session }) => keepRestored(so, { round: attempt.round, group: group.index, session }),
        during,
      ),
    ),
  );
  return failed.reduce(
    (step, { group, session }) =>
      chain(step, (during) =>
        withEffects(during, ...framesAgain(during, { round: attempt.round, group: group.index, session })),
      ),
    chain(kept, (during) => goOn(during, context)),
  );
}

/** A session as it was. Of what it asked for only the order to open a sum is still to be carried out. */
function restoreGroup({ group: index, journalled }: JournalledGroup, { ports, now }: Context): RestoredGroup {
  const { state: session, effects } = restoreAggregator(ports, journalled);
  const members = journalled.invited;
  const order = effects.find((effect) => effect.type === 'open-sum');
  if (order !== undefined) return { session, group: { index, members, course: 'opened', session, sum: order.sum } };
  if ('abandonment' in session) {
    const { step: phase, reason } = session.abandonment;
    return { session, group: { index, members, course: 'failed', phase, reason } };
  }
  const step = isLive(session) ? session.phase : 'reveal';
  return { session, group: { index, members, course: 'running', session, step, deadline: now } };
}

/** The deadlines of all steps start now. */
function restartSteps(state: CoordinationState, { now }: Context): CoordinationStep {
  const attempt = attemptOf(state);
  const phase = slowestStep(state);
  if (attempt === undefined) return withEffects(state);
  const entered = phase === undefined ? state : withAttempt(state, { ...attempt, phase });
  const timed = runningGroups(state).reduce(
    (step, { index, step: at }) => chain(step, (during) => enterStep(during, index, at, now)),
    withEffects(entered),
  );
  return groupsOf(state).length > 1 ? chain(timed, reportRoundPhase) : timed;
}

/** Sums may be ordered already; and where too few groups are left, the round was about to be abandoned. */
function goOn(state: CoordinationState, context: Context): CoordinationStep {
  const failed = groupsOf(state).flatMap((group) => (group.course === 'failed' ? [group] : []));
  const [first] = failed;
  if (first !== undefined && !couldSpare(state, first.index)) {
    const { phase } = first;
    const reason = reasonOf(state, first.index, first.reason);
    return giveUpGroups(state, { reason }, context, (during) => abandonRound(during, phase, reason, context.now));
  }
  // Its members may not have heard before the process ended.
  const news = failed.flatMap(({ index, members, reason }) => tellGroup(state, { index, members, reason }));
  return chain(withEffects(state, ...news), (during) => considerAggregating(during, context.now));
}

/** A group that was given up asks for aborts by itself, or shows their certificate. */
function framesAgain(state: CoordinationState, { round, session }: Unsettled): CoordinationEffect[] {
  return session.options.invited
    .filter((to) => isConnected(state, to))
    .flatMap((to) =>
      framesSent(session, to).map(
        (frame) => ({ type: 'send', to, message: { type: 'session', round, frame } }) as const,
      ),
    );
}

function messagesTo(
  state: CoordinationState,
  attempt: Attempt,
  session: AggregatorState,
  participant: string,
): readonly CoordinatorMessage[] {
  const { round } = attempt;
  const frames = framesSent(session, participant);
  return [assignment(state, attempt), ...frames.map((frame) => ({ type: 'session', round, frame }) as const)];
}
