import {
  type CoordinationEffect,
  type CoordinationEvent,
  type CoordinationState,
  type CoordinatorMessage,
  decodeSafetensors,
  encodeSafetensors,
  equalBytes,
  FederatedError,
  fedAvg,
  flattenTensors,
  meanScale,
  openCoordination,
  openSums,
  type ParticipantMessage,
  type Plan,
  type RosterView,
  type RunProgress,
  type Signed,
  type Signer,
  scaleMean,
  signBody,
  splitTensors,
  stepCoordination,
  toBase64url,
  vectorRoot,
} from '@concordat/core';
import { type Clock, NamedTimers, nodeCrypto, systemRandom } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;
type EffectOf<Type extends CoordinationEffect['type']> = Extract<CoordinationEffect, { type: Type }>;

export interface RunMachineOptions {
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
  readonly roster: RosterView;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Blobs by digest, base64url; published models are added. */
  readonly blobs: Map<string, Uint8Array>;
  readonly send: (to: string, message: CoordinatorMessage) => void;
  readonly report: (progress: RunProgress) => void;
}

/** One run: the production coordination machine, with spool and models in memory. */
export class RunMachine {
  readonly #options: RunMachineOptions;
  readonly #timers: NamedTimers;
  readonly #expected = new Map<string, EffectOf<'expect-upload'>>();
  /** Digest of the signed upload header → vector, of the current round. */
  readonly #spool = new Map<string, Uint8Array>();
  #state: CoordinationState;
  #mean: Float32Array | undefined;
  /** Of the step under way: how each message was answered. */
  #answers: (EffectOf<'accepted'> | EffectOf<'rejected'>)[] = [];

  constructor(options: RunMachineOptions) {
    const { plan, planHash, rosterHash, roster, clock } = options;
    this.#options = options;
    this.#timers = new NamedTimers(clock, (name) => this.take({ type: 'timer', name }));
    this.#state = openCoordination({ runId: plan.run, plan, planHash, rosterHash, roster });
  }

  take(event: Unstamped<CoordinationEvent>): void {
    const { clock, signer } = this.#options;
    const ports = { crypto: nodeCrypto, codec: sessionCodec, signer, random: systemRandom };
    const stamped = { ...event, now: clock.monotonicMillis() } as CoordinationEvent;
    const { state, effects } = stepCoordination(ports, this.#state, stamped);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  /**
   * What a participant said. @param vector behind an upload's header.
   *
   * @returns the receipt. @throws the machine's refusal.
   */
  hear(participant: string, message: ParticipantMessage, vector?: Uint8Array): Signed {
    this.#answers = [];
    this.take({ type: 'message', participant, message });
    if (vector !== undefined) this.#receive(participant, vector);
    const answer = this.#answers.find((one) => one.participant === participant);
    if (answer?.type === 'accepted') return this.#receipt(answer);
    throw (
      answer?.error ?? new FederatedError('protocol', 'nothing is expected here', { fix: 'Wait for the next round.' })
    );
  }

  close(): void {
    this.#timers.cancelAll();
  }

  #receive(participant: string, vector: Uint8Array): void {
    const expected = this.#expected.get(participant);
    if (expected === undefined) return;
    const { contentDigest, lengthBytes, merkleRoot } = expected;
    if (vector.length !== lengthBytes || !equalBytes(vectorRoot(nodeCrypto, vector), merkleRoot)) {
      const bytes = { bytesReceived: vector.length, bytesExpected: lengthBytes };
      this.take({ type: 'upload-broken', participant, ...bytes });
      return;
    }
    this.#spool.set(toBase64url(contentDigest), vector);
    this.take({ type: 'uploaded', participant, contentDigest });
  }

  #run(effect: CoordinationEffect): void {
    switch (effect.type) {
      case 'send':
        this.#options.send(effect.to, effect.message);
        return;
      case 'set-timer':
        this.#timers.set(effect.name, effect.afterMillis);
        return;
      case 'cancel-timer':
        this.#timers.cancel(effect.name);
        return;
      case 'accepted':
      case 'rejected':
        this.#answers.push(effect);
        return;
      case 'expect-upload':
        this.#expected.set(effect.participant, effect);
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
      case 'report':
        this.#options.report(effect.progress);
        return;
      case 'journal':
      case 'session-over':
        return;
    }
  }

  #receipt({ participant: participantId, round, step, contentDigest }: EffectOf<'accepted'>): Signed {
    const { plan, signer } = this.#options;
    const body = sessionCodec.receipt.encode({ runId: plan.run, round, step, participantId, contentDigest });
    return signBody(nodeCrypto, signer, 'CSA1/receipt', body);
  }

  #openSum(effect: EffectOf<'open-sum'>): void {
    const { plan } = this.#options;
    const { round } = effect;
    try {
      const vectorOf = (contentDigest: Uint8Array) => this.#spool.get(toBase64url(contentDigest))!;
      const { mean, ...said } = openSums(effect, { crypto: nodeCrypto, plan, vectorOf });
      this.#mean = mean;
      this.#soon({ type: 'sum-opened', round, ...said });
    } catch (error) {
      if (!(error instanceof FederatedError)) throw error;
      this.#soon({ type: 'round-failed', round, reason: error.message });
    }
  }

  #publish({ round, currentModelHash, staleness }: EffectOf<'publish'>): void {
    const { plan, blobs } = this.#options;
    const { tensors } = plan.task.model;
    const current = flattenTensors(decodeSafetensors(blobs.get(toBase64url(currentModelHash))!), tensors);
    const mean = scaleMean(this.#mean!, meanScale(plan, staleness));
    const { model } = fedAvg.apply(current, mean, undefined);
    const bytes = encodeSafetensors(splitTensors(model, tensors));
    const modelHash = nodeCrypto.sha256(bytes);
    blobs.set(toBase64url(modelHash), bytes);
    this.#soon({ type: 'published', round, modelHash });
  }

  #soon(event: Unstamped<CoordinationEvent>): void {
    queueMicrotask(() => this.take(event));
  }
}
