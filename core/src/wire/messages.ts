/**
 * The messages of a round as the machines see them: decoded frames around bodies that stay the exact bytes that were signed.
 * Indexes are positions in the session's ordered cohort, 0 … n − 1. A bitmap is ⌈n/8⌉ bytes, bit i of byte ⌊i/8⌋ (least significant first).
 */

/** A body as the bytes that were signed. The signature covers `label ‖ 0x00 ‖ SHA-256(body)`; see `secagg/signing.ts`. */
export interface Signed {
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** `excess` counts the model lanes that were clipped after a rotation. */
export type SegmentKind = 'model' | 'weight' | 'metrics' | 'excess';

/** One run of lanes of equal width inside the masked vector. */
export interface Segment {
  readonly name: string;
  /** Payload lanes; a guard lane is added at each end. */
  readonly length: number;
  /** Lane width b: arithmetic is mod 2^b. */
  readonly bits: 16 | 24 | 32;
  /** Quantization width q of model lanes; 0 for integer lanes. */
  readonly quantBits: number;
  /** Largest magnitude: of a coordinate (model, in the delta's units) or of one integer lane. */
  readonly bound: number;
  readonly kind: SegmentKind;
}

/** What a round is for: a new model, or a report on the last one. */
export type RoundKind = 'train' | 'evaluate';

/** Session configuration C, signed by the coordinator. No threshold in it: every client computes its own. */
export interface SessionConfig {
  readonly suite: 'CSA1';
  readonly runId: string;
  readonly round: number;
  readonly kind: RoundKind;
  /** 32 random bytes. */
  readonly sessionNonce: Uint8Array;
  readonly rosterHash: Uint8Array;
  readonly baseModelHash: Uint8Array;
  readonly planHash: Uint8Array;
  /** Model parameters d. */
  readonly parameters: number;
  readonly segments: readonly Segment[];
  readonly clippingNorm: number;
  readonly maxWeight: number;
  readonly minCohort: number;
  readonly maxCohort: number;
  readonly minSurvivors: number;
  readonly maxColluders: number;
  /** `none` until a mechanism exists; anything else is refused by name. */
  readonly privacy: string;
  readonly stepMillis: number;
}

export interface AdvertBody {
  readonly participantId: string;
  readonly configHash: Uint8Array;
  readonly sealingKey: Uint8Array;
  readonly maskKey: Uint8Array;
}

export interface ShareBody {
  readonly sid: Uint8Array;
  readonly dealer: number;
  readonly dealRoot: Uint8Array;
  /** H(b_u): commits the dealer to its self-mask secret. */
  readonly selfSecretHash: Uint8Array;
}

/** One sealed pair of shares: 80 bytes of box, or empty for the dealer's own index, with the two inner hashes of its leaf. */
export interface DealtBox {
  readonly box: Uint8Array;
  readonly selfShareHash: Uint8Array;
  readonly maskShareHash: Uint8Array;
}

export interface ConfirmBody {
  readonly sid: Uint8Array;
  readonly participant: number;
  /** Bitmap of dealers whose box opened and matched; the participant's own bit is set. */
  readonly confirmed: Uint8Array;
}

export interface UploadBody {
  readonly sid2: Uint8Array;
  readonly participant: number;
  readonly lengthBytes: number;
  /** RFC 6962 root over the vector's chunks of 49,152 bytes. */
  readonly merkleRoot: Uint8Array;
}

/** A survivor's statement; the coordinator's proposal has the same fields under another label. */
export interface SurvivorsBody {
  readonly sid2: Uint8Array;
  readonly survivors: Uint8Array;
  readonly inputsHash: Uint8Array;
}

export type ShareKind = 'self' | 'mask';

export interface RevealedShare {
  readonly dealer: number;
  readonly kind: ShareKind;
  /** 32 bytes: 16 big-endian limbs over GF(2^16). Secret until the session is certified. */
  readonly share: Uint8Array;
}

export interface RevealBody {
  readonly sid2: Uint8Array;
  readonly inputsHash: Uint8Array;
  readonly participant: number;
  readonly shares: readonly RevealedShare[];
}

/**
 * A member's statement that it never reveals in the session of this sid. One body for all signers: their signatures together are the
 * abort certificate.
 */
export interface AbortBody {
  readonly sid: Uint8Array;
}

/** The opened sum of one secure group; of a round of one session there is one. */
export interface RoundSum {
  /** Index among the groups of the round, those that failed counted. */
  readonly group: number;
  readonly sid2: Uint8Array;
  /** RFC 6962 root over the packed sum's chunks of 49,152 bytes. */
  readonly resultHash: Uint8Array;
  /** |U3| of the group. */
  readonly survivors: number;
}

/** The coordinator's word which sums a round was made of: all that were opened and not spoiled, groups ascending. */
export interface AggregateBody {
  readonly runId: string;
  readonly round: number;
  readonly sums: readonly RoundSum[];
}

/** What a sum is known by, signed by every survivor that found it right. */
export interface ResultBody {
  readonly sid2: Uint8Array;
  /** RFC 6962 root over the packed sum's chunks of 49,152 bytes. */
  readonly resultHash: Uint8Array;
  /** SHA-256 of the {@link AggregateBody}: with it a survivor signs which sums the round was made of. */
  readonly aggregateHash: Uint8Array;
}

/** A survivor's statement that it does not accept this sum, with what it found first. */
export interface DisputeBody extends ResultBody {
  /** Index of the secure group whose sum, or served chunk, does not hold; 0 in a round of one session. */
  readonly group: number;
  /** The rule that does not hold, e.g. `check.sum`. */
  readonly rule: string;
  /** Chunk of the packed vector, or 0 where no chunk is to blame. */
  readonly chunk: number;
  /** Lane of its segment, counted from the front guard, or 0 where no lane is to blame. */
  readonly lane: number;
}

export type VerdictKind = 'result' | 'disputed';

/** A survivor's one word on a sum: a signed {@link ResultBody}, or a signed {@link DisputeBody}. */
export interface Verdict {
  readonly kind: VerdictKind;
  readonly statement: Signed;
}

/**
 * Everything with which a survivor computes a sum anew, chunks aside: what was signed, and the secrets that were rebuilt. It belongs to
 * this one sum; the secrets go when it is not kept any longer.
 */
export interface Transcript {
  /** C as it was signed. */
  readonly config: Uint8Array;
  /** [n] advert bodies in cohort order. */
  readonly adverts: readonly Uint8Array[];
  /** U2 as a bitmap. */
  readonly dealers: Uint8Array;
  /** [|U2|] share bodies, ascending. */
  readonly shares: readonly Uint8Array[];
  readonly certificate: {
    readonly body: Uint8Array;
    readonly signatures: readonly { readonly participant: number; readonly signature: Uint8Array }[];
  };
  /** [|U3|] signed upload headers, ascending. */
  readonly uploads: readonly Signed[];
  /** [|U2|] ascending, 32 bytes each: b_v of a survivor, s_v of another dealer. */
  readonly secrets: readonly Uint8Array[];
}

/** The coordinator's word that it holds, durably, what a participant sent. */
export interface ReceiptBody {
  readonly runId: string;
  readonly round: number;
  readonly step: string;
  readonly participantId: string;
  /** SHA-256 of the content acknowledged. */
  readonly contentDigest: Uint8Array;
}

export interface BodyCodec<T> {
  encode(value: T): Uint8Array;
  /** @throws `malformed` when the bytes do not decode or leave the bounds. */
  decode(bytes: Uint8Array): T;
}

/** Encodes and decodes the signed bodies; `proto/` implements it with protobufjs. */
export interface SessionCodec {
  readonly config: BodyCodec<SessionConfig>;
  readonly advert: BodyCodec<AdvertBody>;
  readonly share: BodyCodec<ShareBody>;
  readonly confirm: BodyCodec<ConfirmBody>;
  readonly upload: BodyCodec<UploadBody>;
  readonly survivors: BodyCodec<SurvivorsBody>;
  readonly reveal: BodyCodec<RevealBody>;
  readonly abort: BodyCodec<AbortBody>;
  readonly aggregate: BodyCodec<AggregateBody>;
  readonly result: BodyCodec<ResultBody>;
  readonly dispute: BodyCodec<DisputeBody>;
  readonly receipt: BodyCodec<ReceiptBody>;
}

// ---- frames of one session, client → coordinator --------------------------------------------------------------

export interface AdvertiseFrame {
  readonly type: 'advertise';
  readonly advert: Signed;
}

export interface ShareFrame {
  readonly type: 'share';
  readonly share: Signed;
  /** One per cohort index; own index has an empty box. */
  readonly boxes: readonly DealtBox[];
}

export interface ConfirmFrame {
  readonly type: 'confirm';
  readonly confirm: Signed;
}

/** The signed header; the vector itself goes by the bulk upload and is checked against `merkleRoot`. */
export interface UploadFrame {
  readonly type: 'upload';
  readonly upload: Signed;
}

export interface CertifyFrame {
  readonly type: 'certify';
  readonly statement: Signed;
}

export interface RevealFrame {
  readonly type: 'reveal';
  readonly reveal: Signed;
}

/** A signed abort body; the answer to an `abort-proposal`. */
export interface AbortFrame {
  readonly type: 'abort';
  readonly statement: Signed;
}

/** What a client sends inside one session. */
export type SessionReply =
  | AdvertiseFrame
  | ShareFrame
  | ConfirmFrame
  | UploadFrame
  | CertifyFrame
  | RevealFrame
  | AbortFrame;

// ---- frames of one session, coordinator → client --------------------------------------------------------------

export interface OpenFrame {
  readonly type: 'open';
  /** C, signed by the coordinator key. */
  readonly config: Signed;
}

export interface CohortFrame {
  readonly type: 'cohort';
  /** All adverts in cohort order. */
  readonly adverts: readonly Signed[];
}

export interface DeliveredBox extends DealtBox {
  readonly dealer: number;
  readonly share: Signed;
  /** Merkle path from the leaf to the signed dealRoot. */
  readonly path: readonly Uint8Array[];
}

export interface BoxesFrame {
  readonly type: 'boxes';
  readonly boxes: readonly DeliveredBox[];
}

export interface DealersFrame {
  readonly type: 'dealers';
  /** U2 as a bitmap. */
  readonly dealers: Uint8Array;
  /** For every dealer in U2, ascending: the digest of its share body and the signature over it. */
  readonly shares: readonly {
    readonly dealer: number;
    readonly bodyHash: Uint8Array;
    readonly signature: Uint8Array;
  }[];
}

export interface ProposalFrame {
  readonly type: 'proposal';
  /** Survivors body signed by the coordinator. */
  readonly proposal: Signed;
  /** The signed upload body of every member of U3, ascending. */
  readonly uploads: readonly { readonly participant: number; readonly upload: Signed }[];
}

export interface CertificateFrame {
  readonly type: 'certificate';
  /** Survivors body all statements share. */
  readonly body: Uint8Array;
  readonly signatures: readonly { readonly participant: number; readonly signature: Uint8Array }[];
}

/** The session will not be opened: sign that, so that its updates are free again. */
export interface AbortProposalFrame {
  readonly type: 'abort-proposal';
  readonly sid: Uint8Array;
}

/** A members of the cohort signed abort: this session can never be opened. */
export interface AbortCertificateFrame {
  readonly type: 'abort-certificate';
  /** Abort body all signatures share. */
  readonly body: Uint8Array;
  readonly signatures: readonly { readonly participant: number; readonly signature: Uint8Array }[];
}

/** What a coordinator sends inside one session. */
export type SessionFrame =
  | OpenFrame
  | CohortFrame
  | BoxesFrame
  | DealersFrame
  | ProposalFrame
  | CertificateFrame
  | AbortProposalFrame
  | AbortCertificateFrame;

// ---- frames of a run around its sessions -----------------------------------------------------------------------

/** Coordinator → client. Times are durations in milliseconds from receipt. */
export type CoordinatorMessage =
  | { readonly type: 'run'; readonly runId: string; readonly planHash: Uint8Array; readonly rosterHash: Uint8Array }
  | {
      readonly type: 'train';
      readonly round: number;
      readonly kind: RoundKind;
      readonly modelVersion: number;
      readonly baseModelHash: Uint8Array;
      readonly readyMillis: number;
    }
  | { readonly type: 'session'; readonly round: number; readonly frame: SessionFrame }
  | { readonly type: 'not-chosen'; readonly round: number; readonly reason: string }
  | {
      readonly type: 'waiting';
      readonly round: number;
      readonly step: string;
      readonly awaited: readonly string[];
      readonly remainingMillis: number;
      /** What happens at the deadline, as a sentence. */
      readonly then: string;
    }
  | { readonly type: 'abandoned'; readonly round: number; readonly reason: string; readonly retry: boolean }
  | {
      readonly type: 'published';
      readonly round: number;
      readonly modelVersion: number;
      readonly modelHash: Uint8Array;
      readonly survivors: number;
    }
  /** No round begins until somebody acts. */
  | { readonly type: 'paused'; readonly reason: string }
  | {
      readonly type: 'finished';
      readonly modelVersion: number;
      readonly modelHash: Uint8Array;
      readonly outcome: 'completed' | 'aborted';
      readonly reason: string;
    };

/** Client → coordinator. Nothing here counts, weighs or measures one participant's records. */
export type ParticipantMessage =
  | {
      readonly type: 'approved';
      readonly planHash: Uint8Array;
      readonly rosterHash: Uint8Array;
      readonly approval: Signed;
    }
  | { readonly type: 'ready'; readonly round: number; readonly baseModelHash: Uint8Array }
  | { readonly type: 'session'; readonly round: number; readonly frame: SessionReply }
  | {
      readonly type: 'decline';
      readonly round: number;
      readonly step: string;
      readonly code: string;
      readonly rule: string;
      readonly message: string;
    };
