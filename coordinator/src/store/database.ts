import { chmodSync } from 'node:fs';
import { type ColumnType, Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely';
import Libsql from 'libsql';

/** A blob column: libsql returns an ArrayBuffer and takes a Uint8Array. */
export type BytesColumn = ColumnType<ArrayBuffer, Uint8Array, Uint8Array>;
type OptionalBytesColumn = ColumnType<ArrayBuffer | null, Uint8Array | null, Uint8Array | null>;

/** The tables of one coordinator. Bulk bytes are never here: a row holds their digest. */
export interface Tables {
  events: {
    seq: number;
    run: string;
    round: number;
    kind: string;
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

const schema = [
  `create table if not exists events (
    seq integer primary key, run text not null, round integer not null, kind text not null,
    body blob not null, body_digest blob not null, prev_hash blob not null, hash blob not null)`,
  'create index if not exists events_by_run on events (run, seq)',
  'create table if not exists event_times (seq integer primary key, at_millis integer not null)',
  `create table if not exists session_answers (
    seq integer primary key autoincrement, run text not null, round integer not null, body blob not null)`,
  'create index if not exists session_answers_by_round on session_answers (run, round, seq)',
  `create table if not exists receipts (
    run text not null, round integer not null, step text not null, participant text not null,
    content_digest blob not null, body blob not null, signature blob not null,
    primary key (run, round, step, participant))`,
  'create index if not exists receipts_by_participant on receipts (participant, run, round, step)',
  'create table if not exists base_models (digest blob primary key, hash blob not null)',
  `create table if not exists client_epochs (
    participant text primary key, epoch integer not null, start_id blob not null)`,
  `create table if not exists invitations (
    participant text not null, organization text not null, secret_hash text primary key,
    expires_millis integer not null, used integer not null)`,
  `create table if not exists pending (
    participant text primary key, organization text not null, secret_hash text not null, identity_key blob not null,
    certificate_request blob not null, fingerprint text not null, certificate_chain blob)`,
  'create table if not exists rosters (epoch integer primary key, hash blob not null, body blob not null, signature blob not null)',
  'create table if not exists plans (hash text primary key, body blob not null, signature blob not null, operator text not null)',
  `create table if not exists results (
    sid2 text primary key, run text not null, round integer not null, threshold integer not null,
    length_bytes integer not null, survivors blob not null, result_hash blob not null, body blob not null,
    signature blob not null, model_version integer not null, model_hash blob)`,
  'create index if not exists results_by_run on results (run, round)',
  `create table if not exists verdicts (
    sid2 text not null, participant text not null, kind text not null, body blob not null, signature blob not null,
    primary key (sid2, participant))`,
  `create table if not exists transcripts (
    sid2 text primary key, run text not null, round integer not null, remaining integer not null, body blob not null)`,
  `create table if not exists runs (
    run text primary key, plan_hash blob not null, state text not null, started_millis integer not null,
    model_version integer not null, model_hash blob not null, reason text not null)`,
];

export type Database = Kysely<Tables>;

/**
 * Open, and create when absent, the coordinator's database. Whoever opens it holds the directory's lock.
 *
 * @param path file, readable by its owner only.
 */
export async function openDatabase(path: string): Promise<Database> {
  const file = new Libsql(path, { timeout: 0 });
  file.exec('pragma journal_mode = WAL');
  // FULL: a transaction is on the disk when it returns, so that an acknowledgement may follow it.
  file.exec('pragma synchronous = FULL');
  // Revealed shares are deleted with their session: no page of the file keeps them.
  file.exec('pragma secure_delete = ON');
  const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: rollingBackOnce(file) }) });
  for (const statement of schema) await sql.raw(statement).execute(database);
  chmodSync(path, 0o600);
  return database;
}

/**
 * SQLite ends a transaction itself when the disk is full or fails. Rolling back what is over is then an error, and would be thrown
 * instead of the one that says why.
 */
function rollingBackOnce(file: InstanceType<typeof Libsql>): SqliteDatabase {
  const nothing: SqliteStatement = {
    reader: false,
    all: () => [],
    run: () => ({ changes: 0, lastInsertRowid: 0 }),
    iterate,
  };
  return {
    prepare: (text) => (text === 'rollback' && !file.inTransaction ? nothing : (file.prepare(text) as SqliteStatement)),
    close: () => file.close(),
  };
}

function* iterate(): IterableIterator<never> {}

/** A column's bytes without a copy. */
export function columnBytes(column: ArrayBuffer): Uint8Array {
  return new Uint8Array(column);
}
