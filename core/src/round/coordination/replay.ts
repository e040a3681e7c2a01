import type { AggregatorEvent } from '../../secagg/aggregator/contract.js';
import type { JournalledSession } from '../../secagg/aggregator/restore.js';
import type { CoordinationOptions, CoordinationRecord } from './contract.js';
import { loseMember, noteDropout } from './session.js';
import {
  type Attempt,
  type CoordinationState,
  freshAttempt,
  freshState,
  type JournalledGroup,
  withAttempt,
  withoutPausing,
} from './state.js';
import { withoutTrainings, withTrainings } from './trainings.js';

/** The state that the journal proves. A round that was under way stays as it was until `start` goes on with it. */
export function replay(options: CoordinationOptions): CoordinationState {
  return (options.records ?? []).reduce(apply, freshState(options));
}

function apply(state: CoordinationState, record: CoordinationRecord): CoordinationState {
  switch (record.type) {
    case 'approved': {
      const { participant } = record;
      const person = { connected: false, standing: 'approved' } as const;
      const people = new Map(state.people).set(participant, person);
      return { ...state, people, words: new Map(state.words).set(participant, { type: 'approved' }) };
    }
    case 'refused': {
      const { participant, rule } = record;
      const person = { connected: false, standing: 'refused' } as const;
      const people = new Map(state.people).set(participant, person);
      return { ...state, people, words: new Map(state.words).set(participant, { type: 'refused', rule }) };
    }
    case 'training-assigned':
      return withTrainings(state, record.participants, record.round);
    case 'training-over':
      return withoutTrainings(state, record.participants);
    case 'round-started': {
      const base = { version: record.modelVersion, hash: record.baseModelHash };
      return {
        ...state,
        round: record.round,
        stage: { type: 'stopped', attempt: freshAttempt(record.round, record.kind, base, 0), journalled: [] },
      };
    }
    case 'cohort-assigned': {
      const { stage } = state;
      if (stage.type !== 'stopped') return state;
      const assigned = withoutTrainings(state, record.cohort);
      return withAttempt(assigned, { ...stage.attempt, cohort: record.cohort, phase: 'train' });
    }
    case 'training-left':
      return loseMember(state, record.dropout).state;
    case 'session':
      return applySession(state, record);
    case 'round-ended':
      return applyOutcome(state, record);
    case 'pausing':
      return { ...state, pausing: record.reason };
    case 'paused':
      return { ...withoutPausing(state), stage: { type: 'paused', reason: record.reason } };
    case 'resumed': {
      if (state.stage.type !== 'paused') return withoutPausing(state);
      return { ...state, shortfalls: 0, stage: { type: 'unstarted' } };
    }
    case 'ending':
      return { ...state, ending: record.reason };
    case 'finished':
      return { ...state, stage: { ...record, type: 'over' } };
    // The sum is opened again from what is durable, and says the same.
    case 'run-started':
    case 'sum-opened':
      return state;
  }
}

function applySession(
  state: CoordinationState,
  { round, group = 0, record }: Extract<CoordinationRecord, { readonly type: 'session' }>,
): CoordinationState {
  const { stage, options } = state;
  if (stage.type !== 'stopped' || stage.attempt.round !== round) {
    if (record.type !== 'input') return state;
    const { event } = record;
    const isOurs = (one: (typeof state.journalled)[number]) => one.round === round && one.group === group;
    return { ...state, journalled: state.journalled.map((one) => (isOurs(one) ? withEvent(one, event) : one)) };
  }
  switch (record.type) {
    case 'session-opened': {
      const { config, invited } = record;
      const journalled: JournalledSession = { config, invited, roster: options.roster, events: [] };
      const attempt: Attempt = { ...stage.attempt, phase: 'advertise' };
      return { ...state, stage: { ...stage, attempt, journalled: [...stage.journalled, { group, journalled }] } };
    }
    case 'input': {
      const { event } = record;
      const journalled = stage.journalled.map((one) => (one.group === group ? withEvent(one, event) : one));
      return { ...state, stage: { ...stage, journalled } };
    }
    case 'dropped':
      return noteDropout(state, record.dropout).state;
    default:
      return state;
  }
}

/** One more event of a session: in its round, or an abort that came after it. */
function withEvent<Journalled extends JournalledGroup>(one: Journalled, event: AggregatorEvent): Journalled {
  const { journalled } = one;
  return { ...one, journalled: { ...journalled, events: [...journalled.events, event] } };
}

function applyOutcome(
  state: CoordinationState,
  { record }: Extract<CoordinationRecord, { readonly type: 'round-ended' }>,
): CoordinationState {
  const { outcome } = record;
  const { stage } = state;
  const between = { ...state, stage: { type: 'unstarted' }, history: [...state.history, record] } as const;
  if (outcome.type === 'evaluated') return between;
  if (outcome.type === 'published') {
    const { modelVersion, modelHash } = outcome;
    return { ...between, journalled: [], shortfalls: 0, modelVersion, modelHash };
  }
  const { round } = record;
  const concerns = stage.type === 'stopped' && stage.attempt.base.version === state.modelVersion;
  const left = concerns ? stage.journalled.map((session) => ({ round, ...session })) : [];
  return { ...between, journalled: [...state.journalled, ...left], shortfalls: state.shortfalls + 1 };
}
