import type {
  CoordinationEvent,
  CoordinatorMessage,
  ParticipantMessage,
  ParticipationEvent,
  ParticipationRecord,
  ParticipationState,
} from '@concordat/core';
import type { Measure } from './measures.js';

/** An event to which the world adds the time. */
export type Unstamped<Event> = Event extends { readonly now: number } ? Omit<Event, 'now'> : never;
/** What reaches a participant. */
export type LocalEvent = Unstamped<ParticipationEvent>;

/** A masked vector, durable. */
export interface Spooled {
  readonly vector: Uint8Array;
  readonly measure: Measure;
}

/** One participant's process and what outlives it. */
export interface Chair {
  readonly place: number;
  readonly records: ParticipationRecord[];
  /** Sealed roots, undefined once erased, and spooled vectors, by round. */
  readonly roots: Map<number, Uint8Array | undefined>;
  readonly spool: Map<number, Spooled>;
  state: ParticipationState | undefined;
  /** Counts processes: the work of a dead one comes to nothing. */
  life: number;
  connected: boolean;
  trained: number;
  update: Measure | undefined;
  /** Calls without an answer. */
  readonly calls: Map<string, Letter>;
}

/** Something on its way. */
export type Letter =
  | { readonly kind: 'stream'; readonly to: string; readonly message: CoordinatorMessage }
  | { readonly kind: 'call'; readonly from: string; readonly message: ParticipantMessage; readonly vector?: Uint8Array }
  | { readonly kind: 'answer'; readonly to: string; readonly call: string; readonly event?: LocalEvent }
  /** Work of a runner; it is lost with its process only. */
  | { readonly kind: 'work'; readonly to: string; readonly life: number; readonly event: LocalEvent }
  | { readonly kind: 'own-work'; readonly life: number; readonly event: Unstamped<CoordinationEvent> };

/** Ways in which a runner breaks a promise. A model that does not see them is blind. */
export const roundSabotages = [
  /** The journal forgets which rounds were entered. */
  'forget-entered',
  /** An update that was uploaded is kept and offered again. */
  'keep-update',
] as const;
export type RoundSabotage = (typeof roundSabotages)[number];
