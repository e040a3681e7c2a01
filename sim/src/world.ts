import type {
  CoordinationEvent,
  CryptoPort,
  Kernels,
  MetricValues,
  ParticipationEvent,
  Plan,
  Random,
  RosterView,
  RoundKind,
  SessionCodec,
  Signer,
} from '@concordat/core';
import type { Scenario } from './scenario.js';
import type { Sharing } from './shared-agreements.js';
import type { VirtualTime } from './virtual-time.js';

/** An event before the clock stamps it. */
export type Unstamped<Event> = Event extends { readonly now: number } ? Omit<Event, 'now'> : never;

/** One simulated organization: who it is and how fast. */
export interface Seat {
  /** 1 … n. */
  readonly place: number;
  readonly participantId: string;
  readonly organization: string;
  readonly signer: Signer;
  /** Virtual milliseconds of one local training. */
  readonly trainMillis: number;
  /** Examples it trains on: its weight before scaling. */
  readonly examples: number;
}

/** What is trained, and what becomes of a sum: the part of a simulation that knows about models. */
export interface Engine {
  /** 32 secret bytes from which the secrets of one session derive; asked once for each (seat, round). */
  root(seat: Seat, round: number): Uint8Array;
  /**
   * Begin to train; virtual time goes on without it until the participant has trained.
   *
   * @returns what the participant has when its time has come: called then, so that nothing depends on which thread was faster. Rejects as a
   *   trainer does.
   */
  train?(seat: Seat, order: { readonly round: number; readonly baseModelHash: Uint8Array }): Promise<() => void>;
  /**
   * @param order.metrics whether the metric lanes are filled; else they are zero.
   * @returns payload lanes of each segment of a round of this kind, secret until masked.
   */
  update(
    seat: Seat,
    order: {
      readonly round: number;
      readonly kind: RoundKind;
      readonly baseModelHash: Uint8Array;
      readonly metrics: boolean;
    },
  ): readonly Int32Array[];
  /** @returns the digest of the model that the mean delta makes of the current one. */
  publish(order: { readonly currentModelHash: Uint8Array; readonly mean: Float32Array }): Uint8Array;
  /** Measure a model that was just published, on examples that nobody trains on. */
  measure?(modelHash: Uint8Array): Promise<MetricValues>;
}

/** Something that happens in virtual time; time stands still until a promise is settled. */
export type Happening = () => void | Promise<void>;

/** What every actor of a simulation shares. Nothing here has state but the clock. */
export interface World {
  readonly scenario: Scenario;
  readonly crypto: CryptoPort;
  /** `agreements` unless said. */
  readonly sharing?: Sharing;
  readonly codec: SessionCodec;
  /** Of everyone's masking and the coordinator's sums. */
  readonly kernels: Kernels;
  readonly time: VirtualTime<Happening>;
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
  readonly roster: RosterView;
  readonly seats: readonly Seat[];
  readonly coordinator: Signer;
  /** Draws the coordinator's nonces and cohorts. */
  readonly random: Random;
  readonly engine: Engine;
  /** Milliseconds since 1970 when virtual time is 0. */
  readonly wallStart: number;
}

/** How actors reach each other: everything arrives one latency later, and nothing arrives at the dead. */
export interface Links {
  toCoordinator(event: Unstamped<CoordinationEvent>): void;
  toParticipant(participantId: string, event: Unstamped<ParticipationEvent>): void;
}
