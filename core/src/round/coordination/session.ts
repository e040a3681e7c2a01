import type { AggregatorEffect, AggregatorEvent, Dropout, SessionStep } from '../../secagg/aggregator/contract.js';
import { type AggregatorStep, openAggregator, stepAggregator } from '../../secagg/aggregator.js';
import { layoutOf } from '../../secagg/layout.js';
import type { CoordinatorMessage, SessionReply } from '../../wire/messages.js';
import { roundSegments } from '../segments.js';
import { sessionTerms } from '../terms.js';
import type { CoordinationEffect, RoundDropout } from './contract.js';
import { enterRoundPhase, failGroup, noteOpened } from './groups.js';
import {
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  type Group,
  groupsOf,
  tell,
  withAttempt,
  withEffects,
  withGroup,
} from './state.js';
import { stepMillis, timerName, timersOf } from './timers.js';
import { journalSession, performUnsettled } from './unsettled.js';

/** Open the round's sessions, one for each group; every member is ready and connected. All are durable before anyone hears of one. */
export function openSessions(
  state: CoordinationState,
  invited: readonly (readonly string[])[],
  context: Context,
): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const { options } = state;
  const { round, kind, base } = attempt;
  const terms = sessionTerms({ ...options, round, kind, baseModelHash: base.hash });
  const opened = invited.map((members) => {
    const config = { suite: 'CSA1', sessionNonce: context.ports.random.bytes(32), ...terms } as const;
    return openAggregator(context.ports, { config, roster: options.roster, invited: members });
  });
  const groups = opened.map(
    ({ state: session }, index): Group => ({
      index,
      members: invited[index]!,
      course: 'running',
      session,
      step: 'advertise',
      deadline: context.now,
    }),
  );
  const quiet = timersOf(state.stage).map((name) => ({ type: 'cancel-timer', name }) as const);
  const { published: _, ...fresh } = state;
  const start = withEffects({ ...fresh, stage: { type: 'session', attempt, groups } }, ...quiet);
  const carryOut = (step: CoordinationStep, wanted: (effect: AggregatorEffect) => boolean) =>
    opened.reduce(
      (so, { state: session, effects }, index) =>
        chain(so, (during) => relay(during, index, { state: session, effects: effects.filter(wanted) }, context)),
      step,
    );
  const journalled = carryOut(start, ({ type }) => type === 'journal');
  return carryOut(journalled, ({ type }) => type !== 'journal');
}

/** Give a group's session one event and carry out what it asks for. One that has ended only acknowledges repeats. */
export function stepSession(
  state: CoordinationState,
  group: Group,
  event: AggregatorEvent,
  context: Context,
): CoordinationStep {
  if (group.course === 'failed') return withEffects(state);
  return relay(state, group.index, stepAggregator(context.ports, group.session, event), context);
}

/**
 * The reveals are late. The session is certified, so somebody may have revealed: it is not given up, and waits, by name, until T of U2
 * have.
 */
export function awaitReveals(state: CoordinationState, group: Group, { now }: Context): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined || group.course !== 'running') return withEffects(state);
  const afterMillis = stepMillis(state.options.plan, group.step, attempt.kind);
  const name = timerName.step(attempt.round, group.index, group.step);
  const waiting = withGroup(state, { ...group, deadline: now + afterMillis });
  return withEffects(waiting, { type: 'set-timer', name, afterMillis });
}

/** A round that was published acknowledges whoever was slower than the T others, until the next sessions open. */
export function acknowledgeLate(
  state: CoordinationState,
  group: Group,
  { from, frame }: { readonly from: string; readonly frame: SessionReply },
  { ports }: Context,
): CoordinationStep {
  if (state.published === undefined || group.course === 'failed') return withEffects(state);
  const { round, groups } = state.published;
  const late = stepAggregator(ports, group.session, { type: 'reply', from, frame });
  const answers = late.effects.flatMap((effect): readonly CoordinationEffect[] => {
    if (effect.type !== 'accepted' && effect.type !== 'rejected') return [];
    const { from: participant, ...answer } = effect;
    return [{ ...answer, participant, round }];
  });
  const after = groups.map((other) => (other.index === group.index ? { ...group, session: late.state } : other));
  return withEffects({ ...state, published: { round, groups: after } }, ...answers);
}

/** Carry out what a group's session asks for. */
export function relay(
  state: CoordinationState,
  index: number,
  { state: session, effects }: AggregatorStep,
  context: Context,
): CoordinationStep {
  const group = groupsOf(state)[index];
  const attempt = attemptOf(state);
  if (attempt === undefined || group === undefined || group.course === 'failed') return withEffects(state);
  const { round } = attempt;
  const start = withEffects(withGroup(state, { ...group, session }));
  return effects.reduce((step, effect, at) => {
    return chain(step, (during) => {
      // Once the group is given up, with its round or alone, its session goes on by itself: it asks for aborts.
      const isOver = attemptOf(during)?.round !== round || groupsOf(during)[index]?.course === 'failed';
      if (isOver) return performUnsettled(during, { round, group: index }, effect);
      if (effect.type !== 'send') return perform(during, index, effect, context);
      // Frames to many members are told together, with the first of them.
      return effects[at - 1]?.type === 'send' ? withEffects(during) : tell(during, framesFrom(effects, at, round));
    });
  }, start);
}

/** What is sent from here on, up to another effect. */
function framesFrom(effects: readonly AggregatorEffect[], at: number, round: number) {
  const messages: { readonly to: string; readonly message: CoordinatorMessage }[] = [];
  for (let effect = effects[at]; effect?.type === 'send'; effect = effects[++at]) {
    messages.push({ to: effect.to, message: { type: 'session', round, frame: effect.frame } });
  }
  return messages;
}

function perform(
  state: CoordinationState,
  index: number,
  effect: Exclude<AggregatorEffect, { type: 'send' }>,
  context: Context,
): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const { round } = attempt;
  switch (effect.type) {
    case 'journal': {
      const journalled = withEffects(state, journalSession({ round, group: index }, effect.record));
      if (effect.record.type !== 'dropped') return journalled;
      const { dropout } = effect.record;
      return chain(journalled, (during) => noteDropout(during, dropout));
    }
    case 'timer':
      return enterStep(state, index, effect.step, context.now);
    case 'accepted':
      return withEffects(
        state,
        { type: 'accepted', participant: effect.from, round, step: effect.step, contentDigest: effect.contentDigest },
        { type: 'report', progress: { type: 'answered', round, phase: effect.step, participant: effect.from } },
      );
    case 'rejected':
      return withEffects(state, {
        type: 'rejected',
        participant: effect.from,
        round,
        step: effect.step,
        error: effect.error,
      });
    case 'expect-upload': {
      const { from: participant, contentDigest, lengthBytes, merkleRoot } = effect;
      return withEffects(state, { type: 'expect-upload', round, participant, contentDigest, lengthBytes, merkleRoot });
    }
    case 'open-sum':
      return noteOpened(state, index, effect.sum, context.now);
    case 'abandoned':
      return failGroup(state, index, effect.abandonment, context);
    case 'aborted':
      return withEffects(state);
  }
}

/** Begin a step of a group's session, or begin it again after a restart: its deadline starts now. */
export function enterStep(state: CoordinationState, index: number, step: SessionStep, now: number): CoordinationStep {
  const attempt = attemptOf(state);
  const group = groupsOf(state)[index];
  if (attempt === undefined || group?.course !== 'running') return withEffects(state);
  const { round, kind } = attempt;
  const afterMillis = stepMillis(state.options.plan, step, kind);
  const quiet = group.step === step ? [] : [timerName.step(round, index, group.step)];
  const timed = withEffects(
    withGroup(state, { ...group, step, deadline: now + afterMillis }),
    ...quiet.map((name) => ({ type: 'cancel-timer', name }) as const),
    { type: 'set-timer', name: timerName.step(round, index, step), afterMillis },
  );
  return chain(timed, (during) => enterRoundPhase(during, now));
}

/** The session lost a participant: as the round records it. */
export function noteDropout(state: CoordinationState, { participant, step, reason }: Dropout): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const uploaded = step === 'upload' ? attempt.uploads.get(participant) : undefined;
  const segments = roundSegments(state.options.plan, attempt.kind);
  const bytesExpected = step === 'upload' ? layoutOf(segments).lengthBytes : 0;
  return loseMember(state, {
    participant,
    step,
    reason,
    bytesReceived: uploaded?.bytesReceived ?? 0,
    bytesExpected: uploaded?.bytesExpected ?? bytesExpected,
  });
}

/** Record a member of the cohort as lost, once for each step. */
export function loseMember(state: CoordinationState, dropout: RoundDropout): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  if (attempt.dropped.some((known) => known.participant === dropout.participant && known.step === dropout.step)) {
    return withEffects(state);
  }
  const { round } = attempt;
  const dropped = [...attempt.dropped, dropout];
  // In the session, the session's own record says it.
  const record = { type: 'training-left', round, dropout } as const;
  return withEffects(
    withAttempt(state, { ...attempt, dropped }),
    ...(dropout.step === 'train' ? [{ type: 'journal', record } as const] : []),
    { type: 'report', progress: { type: 'dropped', round, dropout } },
  );
}
