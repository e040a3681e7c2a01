import type {
  CoordinationEffect,
  CoordinationEvent,
  CoordinationOptions,
  CoordinationPorts,
  RoundRecord,
} from './coordination/contract.js';

/** One run at the coordinator. Immutable data; read it only through the functions of this file. */
export interface CoordinationState {
  readonly options: CoordinationOptions;
  readonly history: readonly RoundRecord[];
}

export interface CoordinationStep {
  readonly state: CoordinationState;
  readonly effects: readonly CoordinationEffect[];
}

/** A run that waits for `start`. Check-ins before it are kept. */
export function openCoordination(options: CoordinationOptions): CoordinationState {
  return { options, history: [] };
}

/** Take one event. Never throws on what a participant sent; late, repeated and foreign events are answered or ignored. */
export function stepCoordination(
  _ports: CoordinationPorts,
  state: CoordinationState,
  _event: CoordinationEvent,
): CoordinationStep {
  return { state, effects: [] };
}

/** Every round that ended, oldest first. */
export function roundHistory(state: CoordinationState): readonly RoundRecord[] {
  return state.history;
}
