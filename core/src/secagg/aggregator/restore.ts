import type { Signed } from '../../wire/messages.js';
import { openAggregator, stepAggregator } from '../aggregator.js';
import type { RosterView } from '../roster-view.js';
import { decodeBody } from '../signing.js';
import type { AggregatorEffect, AggregatorEvent, AggregatorPorts } from './contract.js';
import type { AggregatorStep } from './state.js';

/** A session as its journal proves it. */
export interface JournalledSession {
  /** C, as it was signed. */
  readonly config: Signed;
  readonly invited: readonly string[];
  readonly roster: RosterView;
  /** Of the `input` records, oldest first. */
  readonly events: readonly AggregatorEvent[];
}

/**
 * The state a session had when its process ended. Nothing is sent or journalled anew: of the effects, only an `open-sum` that
 * was ordered is given again, because its answer may have been lost.
 *
 * @throws `malformed` when C does not decode; `refused` as `openAggregator`.
 */
export function restoreAggregator(ports: AggregatorPorts, session: JournalledSession): AggregatorStep {
  const { config: signed, invited, roster, events } = session;
  const config = decodeBody(ports.codec.config, signed.body);
  const opened = openAggregator(ports, { config, invited, roster });
  let { state } = opened;
  const orders: AggregatorEffect[] = [];
  for (const event of events) {
    const step = stepAggregator(ports, state, event);
    state = step.state;
    orders.push(...step.effects.filter((effect) => effect.type === 'open-sum'));
  }
  return { state, effects: orders };
}
