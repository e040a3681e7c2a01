import {
  type ApprovedRun,
  addKeystreams,
  encodeEvaluation,
  encodeUpdate,
  openParticipation,
  type ParticipantMessage,
  type ParticipationEffect,
  type ParticipationEvent,
  type ParticipationState,
  packLanes,
  parameterCount,
  type Signer,
  signApproval,
  stepParticipation,
  vectorRoot,
} from '@concordat/core';
import { type Clock, NamedTimers, nodeCrypto, systemRandom } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** What a played participant works with. */
export interface PlayedOptions {
  readonly name: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly wallMillis: () => number;
  /** What everybody approves. */
  readonly run: Omit<ApprovedRun, 'approval'>;
  /** Brings a message to the coordinator, with a vector behind an upload's header. */
  readonly say: (message: ParticipantMessage, vector?: Uint8Array) => void;
}

/** The largest change of a weight in its update. */
const step = 0.001;

/** Another organization in the cohort: the production participation machine, without socket, disk or training. Its update is noise. */
export class PlayedParticipant {
  readonly #options: PlayedOptions;
  readonly #timers: NamedTimers;
  #state: ParticipationState;
  #lanes: readonly Int32Array[] = [];
  readonly #vectors = new Map<number, Uint8Array>();
  #closed = false;

  constructor(options: PlayedOptions) {
    this.#options = options;
    this.#timers = new NamedTimers(options.clock, (name) => this.take({ type: 'timer', name }));
    this.#state = openParticipation({ participantId: options.name });
  }

  take(event: Unstamped<ParticipationEvent>): void {
    if (this.#closed) return;
    const { clock, signer } = this.#options;
    const ports = { crypto: nodeCrypto, codec: sessionCodec, signer };
    const stamped = { ...event, now: clock.monotonicMillis() } as ParticipationEvent;
    const { state, effects } = stepParticipation(ports, this.#state, stamped);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  close(): void {
    this.#closed = true;
    this.#timers.cancelAll();
  }

  #run(effect: ParticipationEffect): void {
    switch (effect.type) {
      case 'send':
        this.#options.say(effect.message);
        return;
      case 'consider-plan':
        this.#soon({ type: 'plan-approved', run: this.#approved() });
        return;
      case 'train':
        this.#soon({ type: 'trained', round: effect.round });
        return;
      case 'prepare-update':
        this.#lanes = this.#encode(effect);
        this.#soon({ type: 'prepared', round: effect.round });
        return;
      case 'seal-root':
        this.#soon({ type: 'root-sealed', round: effect.round, root: systemRandom.bytes(32) });
        return;
      case 'mask':
        this.#mask(effect);
        return;
      case 'upload': {
        const frame = { type: 'upload', upload: effect.header } as const;
        this.#options.say({ type: 'session', round: effect.round, frame }, this.#vectors.get(effect.round));
        return;
      }
      case 'set-timer':
        this.#timers.set(effect.name, effect.afterMillis);
        return;
      case 'cancel-timer':
        this.#timers.cancel(effect.name);
        return;
      default:
        return;
    }
  }

  #approved(): ApprovedRun {
    const { name, signer, run, wallMillis } = this.#options;
    const { planHash, rosterHash, plan } = run;
    const expires = Date.parse(plan.approval.expires);
    const claim = { participantId: name, planHash, rosterHash, issuedAt: wallMillis(), expires };
    return { ...run, approval: signApproval(nodeCrypto, signer, claim) };
  }

  #encode({ kind, baseModelHash, metrics }: Extract<ParticipationEffect, { type: 'prepare-update' }>): Int32Array[] {
    const { plan } = this.#options.run;
    const measured = metrics ? Object.fromEntries(plan.metrics.map(({ name, max }) => [name, max / 2])) : undefined;
    if (kind === 'evaluate') return encodeEvaluation(plan, measured);
    const parameters = parameterCount(plan.task.model.tensors);
    const drawn = systemRandom.bytes(parameters);
    return encodeUpdate({
      crypto: nodeCrypto,
      plan,
      baseModelHash,
      delta: Float32Array.from(drawn, (byte) => (byte / 127.5 - 1) * step),
      examples: 10,
      ...(measured === undefined ? {} : { metrics: measured }),
      random: systemRandom,
    });
  }

  #mask({ round, layout, maskKeys }: Extract<ParticipationEffect, { type: 'mask' }>): void {
    const vector = packLanes(layout, this.#lanes);
    addKeystreams(nodeCrypto, layout, vector, maskKeys);
    this.#vectors.set(round, vector);
    this.#soon({ type: 'masked', round, lengthBytes: vector.length, merkleRoot: vectorRoot(nodeCrypto, vector) });
  }

  #soon(event: Unstamped<ParticipationEvent>): void {
    queueMicrotask(() => this.take(event));
  }
}
