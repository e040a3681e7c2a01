import type { SessionConfig, SessionReply, Signed } from '../../wire/messages.js';
import type { CohortMember } from '../cohort.js';
import type { SharePair } from '../dealing.js';
import type { AdvertSecrets } from '../keys.js';
import type { Layout } from '../layout.js';
import type { Thresholds } from '../thresholds.js';
import type { ParticipantEffect, ParticipantOptions, ParticipantRecord } from './contract.js';

/** Known in every phase, and public. `slots` are what this participant journalled, before a restart and since. */
export interface KnownFacts {
  readonly options: Omit<ParticipantOptions, 'root' | 'records'>;
  readonly slots: Slots;
}

/** Known from the start. */
export interface OpenedFacts extends KnownFacts {
  /** ρ; secret. */
  readonly root: Uint8Array;
}

/** What one session may be answered with, once: its records by type. A refusal promises nothing. */
export type Slots = {
  readonly [Type in Exclude<ParticipantRecord['type'], 'refused'>]?: Extract<ParticipantRecord, { type: Type }>;
};

/** After C was accepted. */
export interface AdvertFacts extends OpenedFacts {
  readonly configBody: Uint8Array;
  readonly configHash: Uint8Array;
  readonly config: SessionConfig;
  readonly layout: Layout;
  readonly secrets: AdvertSecrets;
  readonly advert: Signed;
}

/** After the cohort was accepted and the shares were dealt. */
export interface ShareFacts extends AdvertFacts {
  readonly sid: Uint8Array;
  readonly cohort: readonly CohortMember[];
  /** Own cohort index. */
  readonly index: number;
  readonly numbers: Thresholds;
  /** [n] X25519 secrets with every sealing key; own entry empty. Secret. */
  readonly shared: readonly Uint8Array[];
  /** Shares of the own secrets. Secret. */
  readonly own: SharePair;
  /** b_u. Secret. */
  readonly self: Uint8Array;
  readonly shareReply: Extract<SessionReply, { type: 'share' }>;
}

/** A dealer whose box opened and matched, with the share body it signed. */
export interface HeldShares {
  readonly pair: SharePair;
  readonly bodyHash: Uint8Array;
}

/** After the boxes were opened. */
export interface ConfirmFacts extends ShareFacts {
  /** SHA-256 of everything in the accepted boxes frame. */
  readonly boxesHash: Uint8Array;
  /** Confirmed dealers by index, the participant itself included. Secret. */
  readonly held: ReadonlyMap<number, HeldShares>;
  readonly confirmReply: Extract<SessionReply, { type: 'confirm' }>;
}

/** After U2 was accepted: there is a sid2 now, and only one. */
export interface DealersFacts extends ConfirmFacts {
  readonly sid2: Uint8Array;
  /** U2, ascending. */
  readonly dealers: readonly number[];
}

/** After the masked vector was spooled. */
export interface UploadFacts extends DealersFacts {
  readonly uploadReply: Extract<SessionReply, { type: 'upload' }>;
  readonly contentDigest: Uint8Array;
}

/** After the one survivors statement of this session was signed. */
export interface SignedFacts extends UploadFacts {
  readonly certifyReply: Extract<SessionReply, { type: 'certify' }>;
}

/** After the reveal: only what is public by now. */
export interface RevealedFacts extends KnownFacts {
  readonly statement: Uint8Array;
  readonly revealReply: Extract<SessionReply, { type: 'reveal' }>;
}

export type Opened = { readonly phase: 'opened' } & OpenedFacts;
export type Advertised = { readonly phase: 'advertised' } & AdvertFacts;
export type Shared = { readonly phase: 'shared' } & ShareFacts;
export type Confirmed = { readonly phase: 'confirmed' } & ConfirmFacts;
export type Masking = { readonly phase: 'masking' } & DealersFacts;
export type Uploading = { readonly phase: 'uploading' } & UploadFacts;
export type Uploaded = { readonly phase: 'uploaded' } & UploadFacts;
export type SurvivorsSigned = { readonly phase: 'signed' } & SignedFacts;
export type Revealed = { readonly phase: 'revealed' } & RevealedFacts;
export type Ended = { readonly phase: 'ended' } & KnownFacts;

/** One participant's side of one session. Immutable data, secret until revealed or ended; read only `phase`. */
export type ParticipantState =
  | Opened
  | Advertised
  | Shared
  | Confirmed
  | Masking
  | Uploading
  | Uploaded
  | SurvivorsSigned
  | Revealed
  | Ended;

export interface ParticipantStep {
  readonly state: ParticipantState;
  readonly effects: readonly ParticipantEffect[];
}

/** Over here: of the session stays what an abort needs, and that is public. */
export function endedWith({ options, slots }: KnownFacts): Ended {
  return { phase: 'ended', options, slots };
}

/** Whether there is something left to erase. */
export function holdsSecrets(state: ParticipantState): boolean {
  return state.phase !== 'revealed' && state.phase !== 'ended';
}

/** Fill the slots with what a step journals. */
export function remember({ state, effects }: ParticipantStep): ParticipantStep {
  const slots = slotsOf(effects.flatMap((effect) => (effect.type === 'journal' ? [effect.record] : [])));
  if (Object.keys(slots).length === 0) return { state, effects };
  return { state: { ...state, slots: { ...state.slots, ...slots } }, effects };
}

export function slotsOf(records: readonly ParticipantRecord[]): Slots {
  return Object.fromEntries(records.filter(({ type }) => type !== 'refused').map((record) => [record.type, record]));
}

/** Nothing to say: an event that is late, early or foreign. */
export function ignored(state: ParticipantState): ParticipantStep {
  return { state, effects: [] };
}

/** The same answer as before. */
export function repeated(state: ParticipantState, reply: SessionReply): ParticipantStep {
  return { state, effects: [{ type: 'send', frame: reply }] };
}
