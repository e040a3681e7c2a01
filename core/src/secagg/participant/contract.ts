import type { CryptoPort, Signer } from '../../crypto/port.js';
import type { FederatedError } from '../../errors.js';
import type { SessionCodec, SessionConfig, SessionFrame, SessionReply, Signed } from '../../wire/messages.js';
import type { Layout } from '../layout.js';
import type { MaskKey } from '../masking.js';
import type { RosterView } from '../roster-view.js';

/** What the participant machine needs from its runner: pure functions, no clock, no randomness. */
export interface ParticipantPorts {
  readonly crypto: CryptoPort;
  readonly codec: SessionCodec;
  /** The participant's own identity. */
  readonly signer: Signer;
}

/** What the participant approved for this session; C must say the same, field by field. */
export type ApprovedTerms = Omit<SessionConfig, 'suite' | 'sessionNonce'>;

export interface ParticipantOptions {
  readonly participantId: string;
  /** The approved roster epoch, the participant itself included. */
  readonly roster: RosterView;
  /** Ed25519 key of the coordinator, from the roster. */
  readonly coordinatorKey: Uint8Array;
  readonly terms: ApprovedTerms;
  /**
   * Ids whose identity this participant knows of itself. At most c members of a cohort may be others, and two of these beside
   * itself must survive before it signs. Absent: the roster is trusted as it was approved.
   */
  readonly listed?: ReadonlySet<string>;
  /**
   * The session's secret ρ, 32 random bytes, durable (sealed) before this call and never used for another session.
   * Owned by the state until `erase`. Absent when it was erased already: then an abort can still be signed and checked, no more.
   */
  readonly root?: Uint8Array;
  /** Records journalled before a restart, oldest first. They fill the slots, so nothing can be answered twice. */
  readonly records?: readonly ParticipantRecord[];
}

/** Public facts of one session at one participant. Never a secret. Must be durable before a later `send`. */
export type ParticipantRecord =
  | { readonly type: 'advertised'; readonly configHash: Uint8Array }
  | { readonly type: 'cohort-accepted'; readonly sid: Uint8Array; readonly participants: readonly string[] }
  | {
      readonly type: 'boxes-confirmed';
      readonly sid: Uint8Array;
      readonly boxesHash: Uint8Array;
      readonly confirmed: Uint8Array;
    }
  | { readonly type: 'dealers-accepted'; readonly sid2: Uint8Array; readonly dealers: Uint8Array }
  | {
      readonly type: 'masked';
      readonly sid2: Uint8Array;
      readonly lengthBytes: number;
      readonly merkleRoot: Uint8Array;
      readonly contentDigest: Uint8Array;
    }
  | { readonly type: 'uploaded'; readonly sid2: Uint8Array; readonly contentDigest: Uint8Array }
  | {
      readonly type: 'survivors-signed';
      readonly sid2: Uint8Array;
      readonly body: Uint8Array;
      readonly survivors: number;
    }
  /** `included`: whether the certified sum contains this participant's update. */
  | { readonly type: 'revealed'; readonly sid2: Uint8Array; readonly body: Uint8Array; readonly included: boolean }
  | { readonly type: 'refused'; readonly code: string; readonly rule: string; readonly message: string }
  /** Nothing is ever revealed here, and no survivors are signed any more. */
  | { readonly type: 'abort-signed'; readonly sid: Uint8Array; readonly body: Uint8Array }
  /** A members signed abort: the session can never be opened. */
  | { readonly type: 'abort-certified'; readonly sid: Uint8Array; readonly signers: readonly string[] }
  /** Over without a reveal; the secrets are gone. */
  | { readonly type: 'ended' }
  /** Its one word on the opened sum, for ever: this, */
  | {
      readonly type: 'result-signed';
      readonly sid2: Uint8Array;
      readonly resultHash: Uint8Array;
      readonly body: Uint8Array;
    }
  /** or this. */
  | { readonly type: 'disputed'; readonly sid2: Uint8Array; readonly resultHash: Uint8Array; readonly body: Uint8Array }
  /** The coordinator acknowledged that word, or there is nothing to check any more: it is not asked again. */
  | { readonly type: 'result-settled'; readonly sid2: Uint8Array };

export type ParticipantEvent =
  | { readonly type: 'frame'; readonly frame: SessionFrame }
  /** The runner added the keystreams and the masked vector is durable in its spool. */
  | { readonly type: 'masked'; readonly lengthBytes: number; readonly merkleRoot: Uint8Array }
  /** The coordinator's receipt for the whole upload. */
  | { readonly type: 'uploaded'; readonly receipt: Signed }
  /** The session is over without a reveal here: deadline, round abandoned, or the participant leaves. Erases. */
  | { readonly type: 'end' };

/** Run in list order; `journal` is durable before any later effect. */
export type ParticipantEffect =
  | { readonly type: 'journal'; readonly record: ParticipantRecord }
  /** An `upload` frame is the signed header: the runner follows it with the spooled vector. */
  | { readonly type: 'send'; readonly frame: SessionReply }
  /** Pack the update by `layout`, add every keystream, spool with fsync, answer with `masked`. Secret: wipe the keys after use. */
  | { readonly type: 'mask'; readonly sid2: Uint8Array; readonly maskKeys: readonly MaskKey[]; readonly layout: Layout }
  | { readonly type: 'refuse'; readonly error: FederatedError }
  /** Destroy the sealed root. The state holds no secret any more. */
  | { readonly type: 'erase' };

/** Where a participant stands; `ended` after refusal before upload, abort, `end`, or a restart after any of them or without secrets. */
export type ParticipantPhase =
  | 'opened'
  | 'advertised'
  | 'shared'
  | 'confirmed'
  | 'masking'
  | 'uploading'
  | 'uploaded'
  | 'signed'
  | 'revealed'
  | 'ended';
