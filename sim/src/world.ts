import type {
  CoordinationEvent,
  CryptoPort,
  ParticipationEvent,
  Plan,
  RosterView,
  SessionCodec,
  Signer,
} from '@concordat/core';
import type { Scenario } from './scenario.js';
import type { VirtualTime } from './virtual-time.js';

/** An event before the clock stamps it. */
export type Unstamped<Event> = Event extends { readonly now: number } ? Omit<Event, 'now'> : never;

/** One simulated organization: who it is and how fast. */
export interface Seat {
  readonly participantId: string;
  readonly organization: string;
  readonly signer: Signer;
  /** Virtual milliseconds of one local training. */
  readonly trainMillis: number;
  /** Examples it trains on: its weight before scaling. */
  readonly examples: number;
}

/** What every actor of a simulation shares. Nothing here has state but the clock. */
export interface World {
  readonly scenario: Scenario;
  readonly crypto: CryptoPort;
  readonly codec: SessionCodec;
  readonly time: VirtualTime<() => void>;
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
  readonly roster: RosterView;
  readonly seats: readonly Seat[];
  readonly coordinator: Signer;
}

/** How actors reach each other: everything arrives one latency later, and nothing arrives at the dead. */
export interface Links {
  toCoordinator(event: Unstamped<CoordinationEvent>): void;
  toParticipant(participantId: string, event: Unstamped<ParticipationEvent>): void;
}
