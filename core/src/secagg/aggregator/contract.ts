import type { CryptoPort, Signer } from '../../crypto/port.js';
import type { FederatedError } from '../../errors.js';
import type {
  SessionCodec,
  SessionConfig,
  SessionFrame,
  SessionReply,
  Signed,
  Transcript,
} from '../../wire/messages.js';
import type { Layout } from '../layout.js';
import type { MaskKey } from '../masking.js';
import type { RosterView } from '../roster-view.js';

/** What the aggregator machine needs from its runner: pure functions, no clock, no randomness. */
export interface AggregatorPorts {
  readonly crypto: CryptoPort;
  readonly codec: SessionCodec;
  /** The coordinator's identity: signs C and the proposal. */
  readonly signer: Signer;
}

export interface AggregatorOptions {
  /** C; the machine encodes and signs it. `sessionNonce` is fresh. */
  readonly config: SessionConfig;
  readonly roster: RosterView;
  /** Participants whose update is ready, at most `config.maxCohort`. */
  readonly invited: readonly string[];
}

export type SessionStep = 'advertise' | 'share' | 'confirm' | 'upload' | 'certify' | 'reveal';

/** What an answer inside a session is about. `abort` belongs to no step: it may come at any later time. */
export type SessionAnswer = SessionStep | 'abort';

/**
 * `opened`: the sum may be computed; the machine has nothing left to do. `aborting`: given up, aborts are awaited. `aborted`: A of them
 * are here.
 */
export type AggregatorPhase = SessionStep | 'opened' | 'abandoned' | 'aborting' | 'aborted';

/** Who left, at which step, and why (a short sentence without secrets). */
export interface Dropout {
  readonly participant: string;
  readonly step: SessionStep;
  readonly reason: string;
}

/** Why nothing was opened. `detail` has ids and counts. */
export interface Abandonment {
  readonly step: SessionStep;
  readonly reason: string;
  readonly detail: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** Facts of one session, durable before any later `send`. All are public but `input`. */
export type AggregatorRecord =
  | { readonly type: 'session-opened'; readonly config: Signed; readonly invited: readonly string[] }
  | {
      readonly type: 'cohort-frozen';
      readonly sid: Uint8Array;
      readonly participants: readonly string[];
      readonly adverts: readonly Signed[];
    }
  | { readonly type: 'dealers-frozen'; readonly sid2: Uint8Array; readonly dealers: readonly string[] }
  | {
      readonly type: 'survivors-frozen';
      readonly sid2: Uint8Array;
      readonly survivors: readonly string[];
      readonly inputsHash: Uint8Array;
    }
  | {
      readonly type: 'certified';
      readonly sid2: Uint8Array;
      readonly body: Uint8Array;
      readonly signers: readonly string[];
    }
  | {
      readonly type: 'opened';
      readonly sid2: Uint8Array;
      readonly survivors: readonly string[];
      readonly recovered: readonly string[];
    }
  /**
   * An event that changed the session; with all of them, in order, `restoreAggregator` gives the state back. One with revealed
   * shares is secret: keep these records out of what is read, and destroy them with the session.
   */
  | { readonly type: 'input'; readonly event: AggregatorEvent }
  | { readonly type: 'dropped'; readonly dropout: Dropout }
  /** A confirmation without this dealer: one of the two is at fault. */
  | { readonly type: 'unconfirmed'; readonly dealer: string; readonly participant: string }
  /** A share or dealt secret that contradicts its commitment. */
  | { readonly type: 'blamed'; readonly participant: string; readonly reason: string }
  /** Given up. An update may be bound to it when U2 was frozen: then `aborted` follows, sooner or later. */
  | { readonly type: 'abandoned'; readonly abandonment: Abandonment }
  /** The abort certificate: this session is never opened. */
  | { readonly type: 'aborted'; readonly sid: Uint8Array; readonly signers: readonly string[] };

export type AggregatorEvent =
  | { readonly type: 'reply'; readonly from: string; readonly frame: SessionReply }
  /** The spool of `from` is durable, complete, and matches length and Merkle root of the header with this body digest. */
  | { readonly type: 'upload-complete'; readonly from: string; readonly contentDigest: Uint8Array }
  /** This participant will not answer again in this session (it declined, or its upload broke and cannot be repeated). */
  | { readonly type: 'absent'; readonly from: string; readonly reason: string }
  /** The deadline of `step`; ignored when that step is over, and in `reveal`: a certified sum is waited for, by name. */
  | { readonly type: 'close-step'; readonly step: SessionStep }
  /** The coordinator gives the session up; ignored once it is certified. */
  | { readonly type: 'abandon'; readonly reason: string };

/** Run in list order; `journal` is durable before any later effect. */
export type AggregatorEffect =
  | { readonly type: 'journal'; readonly record: AggregatorRecord }
  | { readonly type: 'send'; readonly to: string; readonly frame: SessionFrame }
  /** Start the deadline of `step`; it replaces the timer of the step before. */
  | { readonly type: 'timer'; readonly step: SessionStep }
  /** What `from` sent counts (again, if repeated); the runner may acknowledge it with a signed receipt over `contentDigest`. */
  | {
      readonly type: 'accepted';
      readonly from: string;
      readonly step: SessionAnswer;
      readonly contentDigest: Uint8Array;
    }
  /** What `from` sent does not count; the runner answers with the error. */
  | { readonly type: 'rejected'; readonly from: string; readonly step: SessionAnswer; readonly error: FederatedError }
  /** A signed header is good: take the vector, check it against length and root, answer `upload-complete` (or `absent`). */
  | {
      readonly type: 'expect-upload';
      readonly from: string;
      readonly contentDigest: Uint8Array;
      readonly lengthBytes: number;
      readonly merkleRoot: Uint8Array;
    }
  | { readonly type: 'open-sum'; readonly sum: SumOrder }
  | { readonly type: 'abandoned'; readonly abandonment: Abandonment }
  /** After `abandoned`: the abort certificate is durable and sent. */
  | { readonly type: 'aborted' };

/**
 * How to open the sum: add the survivors' spooled vectors lane by lane, then every keystream with its sign, then `openSum`.
 * The keys are secret until then only in the sense that they belong to this sum alone; wipe them after use.
 */
export interface SumOrder {
  readonly sid2: Uint8Array;
  readonly layout: Layout;
  /** T: result signatures of a release. */
  readonly threshold: number;
  /** U3 in cohort order; `contentDigest` names each spooled upload, `publicKey` is the identity that signs a verdict. */
  readonly survivors: readonly {
    readonly participant: string;
    readonly publicKey: Uint8Array;
    readonly contentDigest: Uint8Array;
  }[];
  /** Dealers without an upload whose masks are taken out here. */
  readonly recovered: readonly string[];
  /** Keystreams to add to the sum of the vectors, sign as given. */
  readonly maskKeys: readonly MaskKey[];
  /** What survivors are shown when they check the sum. Wipe its secrets where it is not kept for them. */
  readonly transcript: Transcript;
}
