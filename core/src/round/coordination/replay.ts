import type { CoordinationOptions, CoordinationRecord } from './contract.js';
import { type CoordinationState, freshAttempt, freshState } from './state.js';

/** Why a round that was under way when the process ended is abandoned. */
export const restartReason = 'the coordinator was restarted';

/**
 * The state that the journal proves. A round that was under way is kept as such until `start` abandons it: its members'
 * connections, and the secrets of its session, did not survive.
 */
export function replay(options: CoordinationOptions): CoordinationState {
  return (options.records ?? []).reduce(apply, freshState(options));
}

function apply(state: CoordinationState, record: CoordinationRecord): CoordinationState {
  switch (record.type) {
    case 'round-started':
      return {
        ...state,
        round: record.round,
        stage: { type: 'interrupted', attempt: freshAttempt(record.round, 0) },
      };
    case 'cohort-assigned':
      return state.stage.type === 'interrupted'
        ? {
            ...state,
            stage: { ...state.stage, attempt: { ...state.stage.attempt, cohort: record.cohort, phase: 'train' } },
          }
        : state;
    case 'round-ended': {
      const { record: ended } = record;
      const between = { ...state, stage: { type: 'unstarted' }, history: [...state.history, ended] } as const;
      if (ended.outcome.type === 'abandoned') {
        const counts = ended.outcome.reason !== restartReason;
        return { ...between, shortfalls: state.shortfalls + Number(counts) };
      }
      return {
        ...between,
        shortfalls: 0,
        modelVersion: ended.outcome.modelVersion,
        modelHash: ended.outcome.modelHash,
      };
    }
    case 'finished':
      return { ...state, stage: { type: 'over', outcome: record.outcome, reason: record.reason } };
    case 'run-started':
    case 'approved':
    case 'session':
    case 'sum-opened':
      return state;
  }
}
