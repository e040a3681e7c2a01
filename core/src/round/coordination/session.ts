import type { AggregatorEffect, AggregatorEvent, Dropout } from '../../secagg/aggregator/contract.js';
import { type AggregatorStep, awaited, openAggregator, stepAggregator } from '../../secagg/aggregator.js';
import { layoutOf } from '../../secagg/layout.js';
import type { SessionReply } from '../../wire/messages.js';
import { roundSegments } from '../segments.js';
import { sessionTerms } from '../terms.js';
import type { CoordinationEffect, RoundDropout, RoundPhase } from './contract.js';
import { abandonRound } from './outcome.js';
import {
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  enterPhase,
  tell,
  withAttempt,
  withEffects,
} from './state.js';
import { stepMillis, timerName, timersOf } from './timers.js';
import { performUnsettled } from './unsettled.js';

/** Open the round's one session with those who are ready and connected. */
export function openSession(state: CoordinationState, invited: readonly string[], context: Context): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const { options, modelHash } = state;
  const { round, kind } = attempt;
  const terms = sessionTerms({ ...options, round, kind, baseModelHash: modelHash });
  const sessionNonce = context.ports.random.bytes(32);
  const opened = openAggregator(context.ports, {
    config: { suite: 'CSA1', sessionNonce, ...terms },
    roster: options.roster,
    invited,
  });
  const stage = { type: 'session', attempt, session: opened.state, step: 'advertise', deadline: context.now } as const;
  const quiet = timersOf(round, 'train').map((name) => ({ type: 'cancel-timer', name }) as const);
  const { published: _, ...fresh } = state;
  return chain(withEffects({ ...fresh, stage }, ...quiet), (during) => relay(during, opened, context));
}

/** Give the session one event and carry out what it asks for. One that has ended only acknowledges repeats. */
export function stepSession(state: CoordinationState, event: AggregatorEvent, context: Context): CoordinationStep {
  if (!('session' in state.stage)) return withEffects(state);
  return relay(state, stepAggregator(context.ports, state.stage.session, event), context);
}

/**
 * The reveals are late. The session is certified, so somebody may have revealed: it is not given up, and waits, by name, until T of U2
 * have.
 */
export function awaitReveals(state: CoordinationState, { now }: Context): CoordinationStep {
  if (state.stage.type !== 'session') return withEffects(state);
  const { attempt, step } = state.stage;
  const afterMillis = stepMillis(state.options.plan, step, attempt.kind);
  const name = timerName.step(attempt.round, step);
  return withEffects(
    { ...state, stage: { ...state.stage, deadline: now + afterMillis } },
    { type: 'set-timer', name, afterMillis },
  );
}

/** A round that was published acknowledges whoever was slower than the T others, until the next session opens. */
export function acknowledgeLate(
  state: CoordinationState,
  from: string,
  frame: SessionReply,
  { ports }: Context,
): CoordinationStep {
  if (state.published === undefined) return withEffects(state);
  const { round, session } = state.published;
  const late = stepAggregator(ports, session, { type: 'reply', from, frame });
  const answers = late.effects.flatMap((effect): readonly CoordinationEffect[] => {
    if (effect.type !== 'accepted' && effect.type !== 'rejected') return [];
    const { from: participant, ...answer } = effect;
    return [{ ...answer, participant, round }];
  });
  return withEffects({ ...state, published: { round, session: late.state } }, ...answers);
}

/** Carry out what a session asks for. */
export function relay(
  state: CoordinationState,
  { state: session, effects }: AggregatorStep,
  context: Context,
): CoordinationStep {
  if (!('session' in state.stage)) return withEffects(state);
  const { round } = state.stage.attempt;
  const start = withEffects({ ...state, stage: { ...state.stage, session } });
  return effects.reduce((step, effect) => {
    return chain(step, (during) => {
      // Once the round is abandoned, its session goes on by itself: it asks for aborts.
      const isOver = attemptOf(during)?.round !== round;
      return isOver ? performUnsettled(during, round, effect) : perform(during, effect, context);
    });
  }, start);
}

function perform(state: CoordinationState, effect: AggregatorEffect, { now }: Context): CoordinationStep {
  const attempt = attemptOf(state);
  if (attempt === undefined) return withEffects(state);
  const { round } = attempt;
  switch (effect.type) {
    case 'journal': {
      const journalled = withEffects(state, {
        type: 'journal',
        record: { type: 'session', round, record: effect.record },
      });
      if (effect.record.type !== 'dropped') return journalled;
      const { dropout } = effect.record;
      return chain(journalled, (during) => noteDropout(during, dropout));
    }
    case 'send':
      return tell(state, effect.to, { type: 'session', round, frame: effect.frame });
    case 'timer':
      return enterStep(state, effect.step, now);
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
    case 'open-sum': {
      if (state.stage.type !== 'session') return withEffects(state);
      const survivors = effect.sum.survivors.map((survivor) => survivor.participant);
      const opening = { ...enterPhase(attempt, 'aggregate', now), survivors, recovered: effect.sum.recovered };
      const quiet = timersOf(round, attempt.phase).map((name) => ({ type: 'cancel-timer', name }) as const);
      return withEffects(
        { ...state, stage: { type: 'aggregate', attempt: opening, session: state.stage.session } },
        ...quiet,
        { type: 'report', progress: { type: 'phase', round, phase: 'aggregate', participants: survivors } },
        { type: 'open-sum', round, kind: attempt.kind, baseModelHash: state.modelHash, sum: effect.sum },
      );
    }
    case 'abandoned':
      return abandonRound(state, effect.abandonment.step, effect.abandonment.reason, now);
    case 'aborted':
      return withEffects(state);
  }
}

/** Begin a step of the session, or begin it again after a restart: its deadline starts now. */
export function enterStep(
  state: CoordinationState,
  step: Exclude<RoundPhase, 'select' | 'train' | 'aggregate' | 'publish'>,
  now: number,
): CoordinationStep {
  if (state.stage.type !== 'session') return withEffects(state);
  const { attempt, session } = state.stage;
  const { round, kind } = attempt;
  const afterMillis = stepMillis(state.options.plan, step, kind);
  const entered = { ...state.stage, attempt: enterPhase(attempt, step, now), step, deadline: now + afterMillis };
  const quiet = attempt.phase === 'train' || attempt.phase === step ? [] : timersOf(round, attempt.phase);
  return withEffects(
    { ...state, stage: entered },
    ...quiet.map((name) => ({ type: 'cancel-timer', name }) as const),
    { type: 'set-timer', name: timerName.step(round, step), afterMillis },
    { type: 'report', progress: { type: 'phase', round, phase: step, participants: awaited(session) } },
  );
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
