import type { ParticipantRecord, ParticipantState, SessionFrame, SessionReply, Signed } from '@concordat/core';
import type { Measure } from './measures.js';

/** A masked vector, durable. */
export interface Spooled {
  readonly vector: Uint8Array;
  readonly measure: Measure;
}

/** One participant's process and what outlives it. */
export interface Chair {
  readonly place: number;
  /** Durable: journal, sealed root, spool by sid2. */
  readonly records: ParticipantRecord[];
  readonly spool: Map<string, Spooled>;
  rooted: boolean;
  /** The process: undefined while it is dead. */
  state: ParticipantState | undefined;
  /** Updates trained so far. The one in hand is lost with the process. */
  trained: number;
  inHand: boolean;
  /** Calls whose answer has not come, by step. */
  readonly unanswered: Map<string, SessionReply>;
  /** The last state from which it could be rolled back; used by one sabotage only. */
  snapshot: ParticipantState | undefined;
}

/** A reply that left a participant. */
export interface Heard {
  readonly from: string;
  readonly frame: SessionReply;
  readonly vector?: Uint8Array;
}

/** Something on its way. */
export type Letter =
  | { readonly to: 'coordinator'; readonly from: string; readonly frame: SessionReply; readonly vector?: Uint8Array }
  | { readonly to: 'coordinator'; readonly from: string; readonly absent: string }
  | { readonly to: string; readonly frame: SessionFrame }
  | { readonly to: string; readonly answerTo: string; readonly receipt?: Signed };

/** Ways in which a participant breaks a promise. A model that does not see them is blind. */
export const sabotages = [
  /** The journal forgets the survivors statement. */
  'forget-statement',
  /** The journal forgets the abort. */
  'forget-abort',
  /** The journal forgets everything. */
  'forget-records',
  /** A process comes back from a snapshot of its memory. */
  'restore-snapshot',
  /** The journal and the spool forget the masked vector. */
  'forget-vector',
  /** An update is packed twice over. */
  'count-twice',
] as const;
export type Sabotage = (typeof sabotages)[number];
