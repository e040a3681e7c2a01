import type {
  ParticipationEffect,
  ParticipationEvent,
  ParticipationOptions,
  ParticipationPorts,
} from './participation/contract.js';

/** One participant's place in the runs of a coordinator, one run at a time. Immutable data. */
export interface ParticipationState {
  readonly options: ParticipationOptions;
}

export interface ParticipationStep {
  readonly state: ParticipationState;
  readonly effects: readonly ParticipationEffect[];
}

/** A participant that is not connected yet. With `records`, one that restarted: it keeps every promise it made before. */
export function openParticipation(options: ParticipationOptions): ParticipationState {
  return { options };
}

/** Take one event. Never throws on what the coordinator sent: it answers, ignores, or refuses by name. */
export function stepParticipation(
  _ports: ParticipationPorts,
  state: ParticipationState,
  _event: ParticipationEvent,
): ParticipationStep {
  return { state, effects: [] };
}
