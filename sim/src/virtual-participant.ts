import {
  addKeystreams,
  FederatedError,
  openParticipation,
  type ParticipantMessage,
  type ParticipationEffect,
  type ParticipationEvent,
  type ParticipationPorts,
  type ParticipationRecord,
  type ParticipationState,
  packLanes,
  type SessionAnswer,
  signApproval,
  stepParticipation,
  vectorRoot,
} from '@concordat/core';
import type { Departures } from './dropouts.js';
import { NamedTimers } from './named-timers.js';
import type { DropStep } from './scenario.js';
import type { Happening, Links, Seat, Unstamped, World } from './world.js';

/** What the rest of the simulation does for a participant. */
export interface ParticipantLinks extends Links {
  /** Carry the spooled vector after its header; `portion` < 1 breaks off there. */
  upload(seat: Seat, round: number, vector: Uint8Array, portion: number): void;
  /** What this seat contributes to a round, as integers: the truth an opened sum is compared with. */
  masked(seat: Seat, round: number, update: readonly Int32Array[]): void;
  /** The process of this seat is gone. */
  died(seat: Seat, step: DropStep): void;
}

/** The production participation machine with a disk that survives and a process that can die. */
export class VirtualParticipant {
  readonly seat: Seat;
  readonly #world: World;
  readonly #links: ParticipantLinks;
  readonly #ports: ParticipationPorts;
  readonly #records: ParticipationRecord[] = [];
  readonly #timers: NamedTimers;
  readonly #drops: Departures;
  /** Rounds in which it has left already. */
  readonly #left = new Set<number>();
  #state: ParticipationState;
  #life = 0;
  #alive = true;
  #base: Uint8Array | undefined;
  #update: readonly Int32Array[] | undefined;
  /** On disk, by round: sealed roots and spooled vectors. */
  readonly #roots = new Map<number, Uint8Array>();
  readonly #spool = new Map<number, Uint8Array>();

  /** @param drops round → step at which this participant leaves that round. */
  constructor(world: World, seat: Seat, links: ParticipantLinks, drops: Departures) {
    this.seat = seat;
    this.#world = world;
    this.#links = links;
    this.#drops = drops;
    this.#ports = { crypto: world.crypto, codec: world.codec, signer: seat.signer };
    this.#timers = new NamedTimers(world.time, (name) => this.take({ type: 'timer', name }));
    this.#state = openParticipation({ participantId: seat.participantId });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** How often it has died. */
  get life(): number {
    return this.#life;
  }

  /** Start again with what the disk holds: the journal, not the memory. */
  restart(): void {
    this.#alive = true;
    this.#state = openParticipation({ participantId: this.seat.participantId, records: this.#records });
    this.take({ type: 'connected' });
  }

  take(event: Unstamped<ParticipationEvent>): void {
    if (!this.#alive) return;
    const stamped = { ...event, now: this.#world.time.now } as ParticipationEvent;
    const { state, effects } = stepParticipation(this.#ports, this.#state, stamped);
    this.#state = state;
    for (const effect of effects) {
      if (!this.#alive) return;
      this.#run(effect);
    }
  }

  #run(effect: ParticipationEffect): void {
    const { seat } = this;
    switch (effect.type) {
      case 'journal':
        this.#records.push(effect.record);
        return;
      case 'send':
        this.#send(effect.message);
        return;
      case 'consider-plan':
        this.#later(0, { type: 'plan-approved', run: this.#approve(effect.runId) });
        return;
      case 'train':
        this.#base = effect.baseModelHash;
        if (this.#leaves(effect.round, 'train')) {
          this.#after(seat.trainMillis / 2, () => this.#die(effect.round));
          return;
        }
        this.#train(effect.round, this.#world.engine.train?.(seat, effect));
        return;
      case 'prepare-update':
        this.#update = this.#world.engine.update(seat, { ...effect, baseModelHash: this.#base! });
        this.#later(0, { type: 'prepared', round: effect.round });
        return;
      case 'seal-root':
        this.#roots.set(effect.round, this.#world.engine.root(seat, effect.round));
        this.#openRoot(effect.round);
        return;
      case 'open-root':
        this.#openRoot(effect.round);
        return;
      case 'mask':
        this.#mask(effect);
        return;
      case 'upload':
        this.#upload(effect);
        return;
      case 'erase':
        this.#roots.delete(effect.round);
        this.#spool.delete(effect.round);
        return;
      case 'set-timer':
        this.#timers.set(effect.name, effect.afterMillis);
        return;
      case 'cancel-timer':
        this.#timers.cancel(effect.name);
        return;
      case 'discard-update':
      case 'stop-training':
      case 'refuse':
      case 'report':
        return;
    }
  }

  #train(round: number, training: Promise<() => void> | undefined): void {
    const trained = (has?: () => void) => {
      has?.();
      this.take({ type: 'trained', round });
    };
    // Looked at when its time has come; until then a failure is nobody's.
    training?.catch(() => undefined);
    this.#after(this.seat.trainMillis, () =>
      training === undefined
        ? trained()
        : training.then(trained, (error: unknown) => {
            if (!(error instanceof FederatedError)) throw error;
            this.take({ type: 'failed', round, error });
          }),
    );
  }

  #send(message: ParticipantMessage): void {
    if (
      message.type === 'session' &&
      message.frame.type !== 'upload' &&
      this.#leaves(message.round, message.frame.type)
    ) {
      this.#die(message.round);
      return;
    }
    this.#links.toCoordinator({ type: 'message', participant: this.seat.participantId, message });
  }

  #openRoot(round: number): void {
    const root = this.#roots.get(round);
    const gone = new FederatedError('state-lost', `there is no session root of round ${round} any more`);
    this.#later(0, root === undefined ? { type: 'failed', round, error: gone } : { type: 'root-sealed', round, root });
  }

  #approve(runId: string) {
    const { plan, planHash, rosterHash, roster, coordinator, crypto, wallStart, time } = this.#world;
    const approval = signApproval(crypto, this.seat.signer, {
      participantId: this.seat.participantId,
      planHash,
      rosterHash,
      issuedAt: Math.floor(wallStart + time.now),
      expires: Date.parse(plan.approval.expires),
    });
    return { runId, plan, planHash, rosterHash, roster, coordinatorKey: coordinator.publicKey, approval };
  }

  #mask(effect: Extract<ParticipationEffect, { type: 'mask' }>): void {
    const { crypto, kernels } = this.#world;
    this.#links.masked(this.seat, effect.round, this.#update!);
    const vector = packLanes(effect.layout, this.#update!, kernels);
    addKeystreams(crypto, effect.layout, vector, effect.maskKeys, { kernels });
    this.#spool.set(effect.round, vector);
    const merkleRoot = vectorRoot(crypto, vector);
    this.#later(0, { type: 'masked', round: effect.round, lengthBytes: vector.length, merkleRoot });
  }

  /** A participant that leaves at `upload` dies with half of its vector sent. */
  #upload(effect: Extract<ParticipationEffect, { type: 'upload' }>): void {
    const { participantId } = this.seat;
    const vector = this.#spool.get(effect.round)!;
    const leaves = this.#leaves(effect.round, 'upload');
    const frame = { type: 'upload', upload: effect.header } as const;
    this.#links.toCoordinator({
      type: 'message',
      participant: participantId,
      message: { type: 'session', round: effect.round, frame },
    });
    this.#links.upload(this.seat, effect.round, vector, leaves ? 0.5 : 1);
    if (leaves)
      this.#after((500 * vector.length) / this.#world.scenario.link.uploadBytesPerSecond, () =>
        this.#die(effect.round),
      );
  }

  /** Once: who comes back within the round stays. */
  #leaves(round: number, step: DropStep | SessionAnswer): boolean {
    return this.#drops.get(round) === step && !this.#left.has(round);
  }

  #die(round: number): void {
    this.#left.add(round);
    this.#alive = false;
    this.#life++;
    this.#update = undefined;
    this.#timers.cancelAll();
    this.#links.died(this.seat, this.#drops.get(round)!);
  }

  #later(afterMillis: number, event: Unstamped<ParticipationEvent>): void {
    this.#after(afterMillis, () => this.take(event));
  }

  #after(afterMillis: number, happen: Happening): void {
    const life = this.#life;
    this.#world.time.schedule(afterMillis, () => (this.#life === life ? happen() : undefined));
  }
}
