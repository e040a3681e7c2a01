import {
  type AggregatorEffect,
  type AggregatorEvent,
  type AggregatorPorts,
  type AggregatorState,
  openAggregator,
  type ParticipantMessage,
  type RosterView,
  type SessionConfig,
  stepAggregator,
} from '@concordat/core';
import { sessionSteps } from './session-operation.js';
import { codec, coordinatorPlace, crypto, identityOf } from './session-pool.js';
import type { ShadowOutlets } from './session-shadows.js';

/** A session that no plan asked for, of a round and a base model of the coordinator's choice. */
export class RoundLure {
  readonly #terms: Omit<SessionConfig, 'suite' | 'sessionNonce'>;
  readonly #roster: RosterView;
  readonly #outlets: ShadowOutlets;
  readonly #ports: AggregatorPorts = { crypto, codec, signer: identityOf(coordinatorPlace) };
  #session: AggregatorState | undefined;

  constructor(terms: Omit<SessionConfig, 'suite' | 'sessionNonce'>, roster: RosterView, outlets: ShadowOutlets) {
    this.#terms = terms;
    this.#roster = roster;
    this.#outlets = outlets;
  }

  /** Open it to everyone, once. */
  open(sessionNonce: Uint8Array): void {
    if (this.#session !== undefined) return;
    const config = { suite: 'CSA1', sessionNonce, ...this.#terms } as const;
    const invited = [...this.#roster.keys()];
    const opening = openAggregator(this.#ports, { config, roster: this.#roster, invited });
    this.#session = opening.state;
    this.#perform(opening.effects);
  }

  /** Go on with whoever has answered. */
  close(): void {
    const phase = this.#session?.phase;
    const step = sessionSteps.find((one) => one === phase);
    if (step !== undefined) this.#step({ type: 'close-step', step });
  }

  /** Something a participant says, of whatever round. */
  hear(from: string, message: Extract<ParticipantMessage, { type: 'session' }>, vector?: Uint8Array): void {
    if (message.round !== this.#terms.round) return;
    const effects = this.#step({ type: 'reply', from, frame: message.frame });
    const expected = effects.find((effect) => effect.type === 'expect-upload');
    if (expected === undefined || vector === undefined) return;
    this.#outlets.spool(expected.contentDigest, vector);
    this.#step({ type: 'upload-complete', from, contentDigest: expected.contentDigest });
  }

  #step(event: AggregatorEvent): readonly AggregatorEffect[] {
    if (this.#session === undefined) return [];
    const { state, effects } = stepAggregator(this.#ports, this.#session, event);
    this.#session = state;
    this.#perform(effects);
    return effects;
  }

  #perform(effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.#outlets.send(effect.to, effect.frame);
      else if (effect.type === 'open-sum') this.#outlets.open(effect.sum);
    }
  }
}
