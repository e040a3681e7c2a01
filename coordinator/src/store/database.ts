import type { ColumnType, Kysely, Transaction } from 'kysely';

/** What a database gives for a column of bytes: libsql an ArrayBuffer, pg a Buffer. Both take a Uint8Array. */
export type StoredBytes = ArrayBuffer | Uint8Array;
export type BytesColumn = ColumnType<StoredBytes, Uint8Array, Uint8Array>;
type OptionalBytesColumn = ColumnType<StoredBytes | null, Uint8Array | null, Uint8Array | null>;

/** The tables of one coordinator. Bulk bytes are never here: a row holds their digest. */
export interface Tables {
  events: {
    seq: number;
    run: string;
    round: number;
    kind: string;
    /** Of the leader that wrote it; 0 in a store that one process holds. */
    epoch: number;
    /** Empty when the body is a blob named by `body_digest`. */
    body: BytesColumn;
    body_digest: BytesColumn;
    prev_hash: BytesColumn;
    hash: BytesColumn;
  };
  /**
   * When an append was made, by its first event; 0 unknown. For people: the chain does not cover it, and nothing follows from it.
   */
  event_times: { seq: number; at_millis: number };
  /** What changed the sessions that are still open, with the shares revealed in them: destroyed with the session. */
  session_answers: { seq: ColumnType<number, undefined, undefined>; run: string; round: number; body: BytesColumn };
  receipts: {
    run: string;
    round: number;
    step: string;
    participant: string;
    content_digest: BytesColumn;
    body: BytesColumn;
    signature: BytesColumn;
  };
  /** Models that rounds trained from, by the digest that a receipt of `ready` names. */
  base_models: { digest: BytesColumn; hash: BytesColumn };
  /** One row while the store is a copy that was not begun anew: the last event of the copy. */
  restored: { seq: number };
  /** The highest epoch a participant's client has shown, and which start of it that was. */
  client_epochs: { participant: string; epoch: number; start_id: BytesColumn };
  invitations: {
    participant: string;
    organization: string;
    /** Hex: a key column compares as text. */
    secret_hash: string;
    expires_millis: number;
    used: number;
  };
  pending: {
    participant: string;
    organization: string;
    secret_hash: string;
    identity_key: BytesColumn;
    certificate_request: BytesColumn;
    fingerprint: string;
    /** DER chain, leaf first, each with a 4-byte big-endian length; empty until admitted. */
    certificate_chain: OptionalBytesColumn;
  };
  rosters: { epoch: number; hash: BytesColumn; body: BytesColumn; signature: BytesColumn };
  plans: { hash: string; body: BytesColumn; signature: BytesColumn; operator: string };
  /** Opened sums; see `ResultRecords`. `survivors` is a record as JSON. */
  results: {
    /** Hex. */
    sid2: string;
    run: string;
    round: number;
    threshold: number;
    length_bytes: number;
    survivors: BytesColumn;
    result_hash: BytesColumn;
    body: BytesColumn;
    signature: BytesColumn;
    model_version: number;
    model_hash: OptionalBytesColumn;
  };
  verdicts: { sid2: string; participant: string; kind: string; body: BytesColumn; signature: BytesColumn };
  /** What a sum is computed anew with, the revealed secrets in it: destroyed after `remaining` more rounds. */
  transcripts: { sid2: string; run: string; round: number; remaining: number; body: BytesColumn };
  runs: {
    run: string;
    plan_hash: BytesColumn;
    /** running | completed | aborted */
    state: string;
    started_millis: number;
    model_version: number;
    model_hash: BytesColumn;
    reason: string;
  };
}

/**
 * The records of a coordinator, whichever database holds them. Everything that is written goes through `transaction`, so that nobody
 * writes who does not lead any more.
 */
export interface Database {
  /** For reading. */
  readonly rows: Kysely<Tables>;
  /** Of the leader that writes here; 0 where one process holds the store, unless it was restored from one with leaders. */
  readonly epoch: number;
  /**
   * All of it or nothing, durable when it returns.
   *
   * @throws `unavailable` (rule `coordinator.leader`) when another process leads; what `work` throws.
   */
  transaction<Result>(work: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result>;
  /** Rows that were deleted leave their bytes behind as little as the database can do. */
  purge(): Promise<void>;
  close(): Promise<void>;
}

/** A column's bytes without a copy; never a Buffer, whose `slice` is another. */
export function columnBytes(column: StoredBytes): Uint8Array {
  return column instanceof Uint8Array
    ? new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
    : new Uint8Array(column);
}
