import type { AggregatorEffect, AggregatorEvent, AggregatorRecord } from '../../secagg/aggregator/contract.js';
import { restoreAggregator } from '../../secagg/aggregator/restore.js';
import { type AggregatorState, framesSent, signersOf, stepAggregator } from '../../secagg/aggregator.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import type { CoordinationEffect } from './contract.js';
import {
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  isConnected,
  withEffects,
} from './state.js';

/**
 * A session whose round was abandoned after its updates were bound: members who signed survivors in it contribute nothing more to its
 * base model until its abort certificate is here. Kept while that model is the current one.
 */
export interface Unsettled extends SessionPlace {
  readonly session: AggregatorState;
}

/** Which session of a run: a round has one for each of its groups. */
export interface SessionPlace {
  readonly round: number;
  readonly group: number;
}

/** A session whose sum is not published is left behind, when somebody's update may be bound to it. */
export function keepUnsettled(state: CoordinationState, one: Unsettled): CoordinationState {
  return isUnsettled(one.session) ? { ...state, unsettled: [...state.unsettled, one] } : state;
}

/**
 * Whether a session whose sum is not published still concerns its members: aborts are awaited, or somebody signed survivors. That may have
 * been in a session that was opened, when its round was abandoned all the same.
 */
export function isUnsettled(session: AggregatorState): boolean {
  return session.phase === 'aborting' || signersOf(session).length > 0;
}

/** Participants that signed survivors of updates on the current base model and hold no abort certificate: they decline to train on it. */
export function barredParticipants({ unsettled }: CoordinationState): ReadonlySet<string> {
  const training = unsettled.filter(({ session }) => session.options.config.kind === 'train');
  return new Set(training.flatMap(({ session }) => signersOf(session)));
}

/** Organizations that could contribute to the current base model: those with a member that has not refused and is not barred. */
export function possibleOrganizations(state: CoordinationState): number {
  const barred = barredParticipants(state);
  const possible = [...state.options.roster].filter(
    ([participant]) => !barred.has(participant) && state.people.get(participant)?.standing !== 'refused',
  );
  return new Set(possible.map(([, entry]) => entry.organization)).size;
}

/** The sessions for which aborts are awaited, oldest first. */
export function abortingSessions({ unsettled }: CoordinationState): readonly Unsettled[] {
  return unsettled.filter(({ session }) => session.phase === 'aborting');
}

/** The base model is history: what is bound to it is of no more use, and nobody is asked for anything. */
export function dropUnsettled(state: CoordinationState): CoordinationStep {
  const rounds = new Set(state.unsettled.map(({ round }) => round));
  const over = [...rounds].map((round) => ({ type: 'session-over', round }) as const);
  return withEffects({ ...state, unsettled: [] }, ...over);
}

/** What a participant was sent in sessions that are not settled: for its reconnection. */
export function unsettledMessages(state: CoordinationState, participant: string): readonly CoordinatorMessage[] {
  return state.unsettled.flatMap(({ round, session }) =>
    framesSent(session, participant).map((frame) => ({ type: 'session', round, frame }) as const),
  );
}

/** Give an abandoned session one event. */
export function stepUnsettled(
  state: CoordinationState,
  { session, ...place }: Unsettled,
  event: AggregatorEvent,
  context: Context,
): CoordinationStep {
  const stepped = stepAggregator(context.ports, session, event);
  const unsettled = state.unsettled.map((one) =>
    one.round === place.round && one.group === place.group ? { ...one, session: stepped.state } : one,
  );
  return stepped.effects.reduce(
    (step, effect) => chain(step, (during) => performUnsettled(during, place, effect)),
    withEffects({ ...state, unsettled }),
  );
}

/** Carry out what an abandoned session asks for. */
export function performUnsettled(
  state: CoordinationState,
  place: SessionPlace,
  effect: AggregatorEffect,
): CoordinationStep {
  const { round } = place;
  switch (effect.type) {
    case 'journal':
      // Of a run that is over nothing is gone on with, and what restores its sessions was destroyed: no more of it is kept.
      if (state.stage.type === 'over' && effect.record.type === 'input') return withEffects(state);
      return withEffects(state, journalSession(place, effect.record));
    case 'send': {
      const message = { type: 'session', round, frame: effect.frame } as const;
      return isConnected(state, effect.to)
        ? withEffects(state, { type: 'send', to: effect.to, message })
        : withEffects(state);
    }
    case 'accepted': {
      const { from: participant, ...answer } = effect;
      const progress = { type: 'answered', round, phase: effect.step, participant } as const;
      return withEffects(state, { ...answer, participant, round }, { type: 'report', progress });
    }
    case 'rejected': {
      const { from: participant, ...answer } = effect;
      return withEffects(state, { ...answer, participant, round });
    }
    case 'aborted':
      return withEffects(state, { type: 'report', progress: { type: 'settled', round } });
    // It is over: nothing is timed, uploaded or opened in it any more.
    case 'timer':
    case 'expect-upload':
    case 'open-sum':
    case 'abandoned':
      return withEffects(state);
  }
}

/** What a session is journalled as; its group is named where it is not the first. */
export function journalSession({ round, group }: SessionPlace, record: AggregatorRecord): CoordinationEffect {
  return {
    type: 'journal',
    record: { type: 'session', round, ...(group === 0 ? {} : { group }), record },
  };
}

/** A session of an earlier process that was abandoned; one that is aborted still shows its certificate to whoever missed it. */
export function keepRestored(state: CoordinationState, one: Unsettled): CoordinationState {
  const wanted = isUnsettled(one.session) || one.session.phase === 'aborted';
  return wanted ? { ...state, unsettled: [...state.unsettled, one] } : state;
}

/** The abandoned sessions of an earlier process. */
export function restoreUnsettled(state: CoordinationState, { ports }: Context): CoordinationState {
  return state.journalled.reduce<CoordinationState>(
    (so, { round, group, journalled }) => {
      const session = restoreAggregator(ports, journalled).state;
      return keepRestored(so, { round, group, session });
    },
    { ...state, journalled: [] },
  );
}
