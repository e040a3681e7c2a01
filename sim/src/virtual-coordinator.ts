import {
  type CoordinationEffect,
  type CoordinationEvent,
  type CoordinationPorts,
  type CoordinationRecord,
  type CoordinationState,
  type CoordinatorMessage,
  FederatedError,
  type MetricValues,
  meanScale,
  type OpenedGroup,
  openCoordination,
  openSums,
  type RunProgress,
  scaleMean,
  signBody,
  stepCoordination,
  toHex,
} from '@concordat/core';
import { NamedTimers } from './named-timers.js';
import type { Links, Unstamped, World } from './world.js';

/** The sum of one group, and of which round. */
export interface OpenedOfRound extends OpenedGroup {
  readonly round: number;
}

/** What the rest of the simulation does for the coordinator. */
export interface CoordinatorLinks extends Links {
  /** The sum of a group was opened; its lanes change afterwards. */
  opened(opened: OpenedOfRound): void;
  journal(record: CoordinationRecord): void;
  report(progress: RunProgress): void;
  /** A model that is about to be published was measured. */
  measured(measured: { readonly round: number; readonly metrics: MetricValues }): void;
  /** A message on its way down. */
  sent(message: CoordinatorMessage): void;
}

/** The production coordination machine with a spool in memory. It opens sums; it does not average models. */
export class VirtualCoordinator {
  readonly #world: World;
  readonly #links: CoordinatorLinks;
  readonly #ports: CoordinationPorts;
  readonly #timers: NamedTimers;
  readonly #connected = new Set<string>();
  /** Digest of the signed upload header → vector, of the current round. */
  readonly #spool = new Map<string, Uint8Array>();
  /** Participant → digest its vector is expected under. */
  readonly #expected = new Map<string, Uint8Array>();
  #state: CoordinationState;
  #mean: Float32Array | undefined;

  constructor(world: World, links: CoordinatorLinks) {
    const { crypto, codec, scenario, plan, planHash, rosterHash, roster, random } = world;
    this.#world = world;
    this.#links = links;
    this.#ports = { crypto, codec, signer: world.coordinator, random };
    this.#timers = new NamedTimers(world.time, (name) => this.take({ type: 'timer', name }));
    this.#state = openCoordination({ runId: scenario.name, plan, planHash, rosterHash, roster });
  }

  take(event: Unstamped<CoordinationEvent>): void {
    if (event.type === 'check-in') this.#connected.add(event.participant);
    if (event.type === 'disconnected') this.#connected.delete(event.participant);
    const stamped = { ...event, now: this.#world.time.now } as CoordinationEvent;
    const { state, effects } = stepCoordination(this.#ports, this.#state, stamped);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  /** A whole vector has arrived. What nobody expects is dropped. */
  receive(participant: string, vector: Uint8Array): void {
    const contentDigest = this.#expected.get(participant);
    if (contentDigest === undefined) return;
    this.#spool.set(toHex(contentDigest), vector);
    this.take({ type: 'uploaded', participant, contentDigest });
  }

  #run(effect: CoordinationEffect): void {
    switch (effect.type) {
      case 'journal':
        // What only a restart needs is in no audit log, here as in production.
        if (effect.record.type === 'session' && effect.record.record.type === 'input') return;
        this.#links.journal(effect.record);
        return;
      case 'send':
        if (!this.#connected.has(effect.to)) return;
        this.#links.sent(effect.message);
        this.#links.toParticipant(effect.to, { type: 'message', message: effect.message });
        return;
      case 'set-timer':
        this.#timers.set(effect.name, effect.afterMillis);
        return;
      case 'cancel-timer':
        this.#timers.cancel(effect.name);
        return;
      case 'accepted':
        this.#acknowledge(effect);
        return;
      case 'rejected':
        this.#links.toParticipant(effect.participant, {
          type: 'rejected',
          round: effect.round,
          error: effect.error,
        });
        return;
      case 'expect-upload':
        this.#expected.set(effect.participant, effect.contentDigest);
        return;
      case 'open-sum':
        this.#openSum(effect);
        return;
      case 'publish':
        this.#publish(effect);
        return;
      case 'round-over':
        this.#spool.clear();
        this.#expected.clear();
        return;
      case 'session-over':
        return;
      case 'report':
        this.#links.report(effect.progress);
        return;
    }
  }

  /** Only the receipt of an upload changes anything at a participant. */
  #acknowledge(effect: Extract<CoordinationEffect, { type: 'accepted' }>): void {
    if (effect.step !== 'upload') return;
    const { crypto, codec, coordinator, scenario } = this.#world;
    const { participant, round, step, contentDigest } = effect;
    const body = codec.receipt.encode({ runId: scenario.name, round, step, participantId: participant, contentDigest });
    const receipt = signBody(crypto, coordinator, 'CSA1/receipt', body);
    this.#links.toParticipant(participant, { type: 'uploaded', round, receipt });
  }

  #openSum(effect: Extract<CoordinationEffect, { type: 'open-sum' }>): void {
    const { crypto, plan, kernels } = this.#world;
    const { round } = effect;
    try {
      const { mean, ...said } = openSums(effect, {
        crypto,
        plan,
        kernels,
        vectorOf: (contentDigest) => this.#spool.get(toHex(contentDigest))!,
        onOpened: (opened) => this.#links.opened({ round, ...opened }),
      });
      this.#mean = mean;
      this.#soon({ type: 'sum-opened', round, ...said });
    } catch (error) {
      if (!(error instanceof FederatedError)) throw error;
      this.#soon({ type: 'round-failed', round, reason: error.message });
    }
  }

  #publish(effect: Extract<CoordinationEffect, { type: 'publish' }>): void {
    const { currentModelHash, staleness } = effect;
    const mean = scaleMean(this.#mean!, meanScale(this.#world.plan, staleness));
    const modelHash = this.#world.engine.publish({ currentModelHash, mean });
    const { engine, time } = this.#world;
    const published = () => this.take({ type: 'published', round: effect.round, modelHash });
    time.schedule(0, () => {
      if (!this.#isMeasured(effect.modelVersion)) return published();
      return engine.measure!(modelHash).then((metrics) => {
        this.#links.measured({ round: effect.round, metrics });
        published();
      });
    });
  }

  #isMeasured(version: number): boolean {
    const { engine, scenario } = this.#world;
    if (engine.measure === undefined) return false;
    return version % (scenario.train?.measureEvery ?? 1) === 0 || version === scenario.rounds;
  }

  #soon(event: Unstamped<CoordinationEvent>): void {
    this.#world.time.schedule(0, () => this.take(event));
  }
}
