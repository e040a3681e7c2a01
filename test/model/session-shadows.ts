import {
  type AggregatorEffect,
  type AggregatorEvent,
  type AggregatorPorts,
  type AggregatorState,
  openAggregator,
  type SessionFrame,
  type SessionStep,
  type SumOrder,
  signBody,
  stepAggregator,
} from '@concordat/core';
import type { Heard } from './session-chair.js';
import { type SessionSetup, sessionSteps } from './session-operation.js';
import { codec, coordinatorPlace, crypto, identityOf, optionsOf, placeOf } from './session-pool.js';

/** Where what a second session does goes. */
export interface ShadowOutlets {
  send(to: string, frame: SessionFrame): void;
  open(order: SumOrder): void;
  spool(contentDigest: Uint8Array, vector: Uint8Array): void;
}

/** A coordinator that tells two stories: further sessions of the machine itself, led with a choice of what was heard. */
export class SessionShadows {
  readonly #setup: SessionSetup;
  readonly #outlets: ShadowOutlets;
  readonly #ports: AggregatorPorts = { crypto, codec, signer: identityOf(coordinatorPlace) };
  readonly #sessions = new Map<number, AggregatorState>();

  constructor(setup: SessionSetup, outlets: ShadowOutlets) {
    this.#setup = setup;
    this.#outlets = outlets;
  }

  /** Lead a session up to a step and through it. @param which 0 has the same C as the first session, others have another. */
  fork(which: number, step: SessionStep, heard: readonly Heard[]): void {
    const opening = openAggregator(this.#ports, optionsOf(this.#setup, which));
    this.#sessions.set(which, opening.state);
    this.#perform(opening.effects);
    for (const past of sessionSteps) {
      for (const one of heard) if (one.frame.type === past) this.#hear(which, one);
      if (this.#sessions.get(which)!.phase === past) this.#step(which, { type: 'close-step', step: past });
      if (past === step) return;
    }
  }

  /** The last c members sign what the session proposes. */
  collude(which: number): void {
    const state = this.#sessions.get(which);
    if (state?.phase !== 'certify') return;
    const { cohort, statement } = state;
    for (const { participantId: from } of cohort.slice(cohort.length - this.#setup.colluders)) {
      const signer = identityOf(placeOf(from));
      const frame = { type: 'certify', statement: signBody(crypto, signer, 'CSA1/survivors', statement) } as const;
      this.#step(which, { type: 'reply', from, frame });
    }
  }

  /** Send what statements there are as a certificate, whether they are enough or not. */
  showCertificate(which: number): void {
    const state = this.#sessions.get(which);
    if (state?.phase !== 'certify') return;
    const signatures = [...state.signatures].map(([participant, signature]) => ({ participant, signature }));
    for (const { participantId: to } of state.cohort) {
      this.#outlets.send(to, { type: 'certificate', body: state.statement, signatures });
    }
  }

  #hear(which: number, { from, frame, vector }: Heard): void {
    const effects = this.#step(which, { type: 'reply', from, frame });
    const expected = effects.find((effect) => effect.type === 'expect-upload');
    if (expected === undefined || vector === undefined) return;
    this.#outlets.spool(expected.contentDigest, vector);
    this.#step(which, { type: 'upload-complete', from, contentDigest: expected.contentDigest });
  }

  #step(which: number, event: AggregatorEvent): readonly AggregatorEffect[] {
    const { state, effects } = stepAggregator(this.#ports, this.#sessions.get(which)!, event);
    this.#sessions.set(which, state);
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
