import type {
  ParticipantEffect,
  ParticipantEvent,
  ParticipantOptions,
  ParticipantPhase,
  ParticipantPorts,
} from './participant/contract.js';

/** One participant's side of one session. Immutable data; read it only through the functions of this file. */
export interface ParticipantState {
  readonly phase: ParticipantPhase;
  readonly options: ParticipantOptions;
}

export interface ParticipantStep {
  readonly state: ParticipantState;
  readonly effects: readonly ParticipantEffect[];
}

/** A participant that waits for C. With `records`, one that restarted and answers repeated frames as before. */
export function openParticipant(options: ParticipantOptions): ParticipantState {
  return { phase: 'opened', options };
}

/**
 * Take one event. Never throws on what a peer sent: it answers, ignores, or refuses by name.
 *
 * A frame seen before is answered with identical bytes; another frame in its place is refused.
 */
export function stepParticipant(
  _ports: ParticipantPorts,
  state: ParticipantState,
  _event: ParticipantEvent,
): ParticipantStep {
  return { state, effects: [] };
}
