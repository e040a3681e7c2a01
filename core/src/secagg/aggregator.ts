import type {
  AggregatorEffect,
  AggregatorEvent,
  AggregatorOptions,
  AggregatorPhase,
  AggregatorPorts,
  Dropout,
} from './aggregator/contract.js';

/** The coordinator's side of one session. Immutable data; read it only through the functions of this file. */
export interface AggregatorState {
  readonly phase: AggregatorPhase;
  readonly options: AggregatorOptions;
  readonly dropped: readonly Dropout[];
}

export interface AggregatorStep {
  readonly state: AggregatorState;
  readonly effects: readonly AggregatorEffect[];
}

/**
 * Open a session: signs C and sends it to everyone invited.
 *
 * @throws `refused` when the configuration cannot hold its thresholds or its ring (checked before with the plan).
 */
export function openAggregator(_ports: AggregatorPorts, options: AggregatorOptions): AggregatorStep {
  return { state: { phase: 'advertise', options, dropped: [] }, effects: [] };
}

/**
 * Take one event. Never throws on what a participant sent. A step closes when everyone still awaited has answered, or at
 * `close-step`; deterministic, so replaying the same events gives the same frames.
 */
export function stepAggregator(
  _ports: AggregatorPorts,
  state: AggregatorState,
  _event: AggregatorEvent,
): AggregatorStep {
  return { state, effects: [] };
}

/** Who still has to answer in the current step; empty when the session is over. */
export function awaited(_state: AggregatorState): readonly string[] {
  return [];
}

/** U3 once it is frozen, in cohort order; empty before. */
export function survivors(_state: AggregatorState): readonly string[] {
  return [];
}

/** Everyone lost so far, with the step. */
export function dropped(state: AggregatorState): readonly Dropout[] {
  return state.dropped;
}

/** The cohort in order, once frozen; empty before. */
export function cohortOf(_state: AggregatorState): readonly string[] {
  return [];
}
