import { FederatedError } from '@concordat/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from './database.js';

/** How a database calls the types of our columns. */
export interface ColumnTypes {
  readonly text: string;
  readonly integer: string;
  readonly bytes: string;
  /** A key that counts up by itself. */
  readonly counter: string;
}

type Migration = (types: ColumnTypes) => readonly string[];

/**
 * What brings a store of version n, at place n, to version n + 1. The first one also meets the tables of stores that were made before
 * versions were written down.
 */
const migrations: readonly Migration[] = [
  ({ text, integer, bytes, counter }) => [
    `create table if not exists events (
      seq ${integer} primary key, run ${text} not null, round ${integer} not null, kind ${text} not null,
      body ${bytes} not null, body_digest ${bytes} not null, prev_hash ${bytes} not null, hash ${bytes} not null)`,
    'create index if not exists events_by_run on events (run, seq)',
    `create table if not exists event_times (seq ${integer} primary key, at_millis ${integer} not null)`,
    `create table if not exists session_answers (
      seq ${counter}, run ${text} not null, round ${integer} not null, body ${bytes} not null)`,
    'create index if not exists session_answers_by_round on session_answers (run, round, seq)',
    `create table if not exists receipts (
      run ${text} not null, round ${integer} not null, step ${text} not null, participant ${text} not null,
      content_digest ${bytes} not null, body ${bytes} not null, signature ${bytes} not null,
      primary key (run, round, step, participant))`,
    'create index if not exists receipts_by_participant on receipts (participant, run, round, step)',
    `create table if not exists base_models (digest ${bytes} primary key, hash ${bytes} not null)`,
    `create table if not exists client_epochs (
      participant ${text} primary key, epoch ${integer} not null, start_id ${bytes} not null)`,
    `create table if not exists invitations (
      participant ${text} not null, organization ${text} not null, secret_hash ${text} primary key,
      expires_millis ${integer} not null, used ${integer} not null)`,
    `create table if not exists pending (
      participant ${text} primary key, organization ${text} not null, secret_hash ${text} not null,
      identity_key ${bytes} not null, certificate_request ${bytes} not null, fingerprint ${text} not null,
      certificate_chain ${bytes})`,
    `create table if not exists rosters (
      epoch ${integer} primary key, hash ${bytes} not null, body ${bytes} not null, signature ${bytes} not null)`,
    `create table if not exists plans (
      hash ${text} primary key, body ${bytes} not null, signature ${bytes} not null, operator ${text} not null)`,
    `create table if not exists results (
      sid2 ${text} primary key, run ${text} not null, round ${integer} not null, threshold ${integer} not null,
      length_bytes ${integer} not null, survivors ${bytes} not null, result_hash ${bytes} not null,
      body ${bytes} not null, signature ${bytes} not null, model_version ${integer} not null, model_hash ${bytes})`,
    'create index if not exists results_by_run on results (run, round)',
    `create table if not exists verdicts (
      sid2 ${text} not null, participant ${text} not null, kind ${text} not null, body ${bytes} not null,
      signature ${bytes} not null, primary key (sid2, participant))`,
    `create table if not exists transcripts (
      sid2 ${text} primary key, run ${text} not null, round ${integer} not null, remaining ${integer} not null,
      body ${bytes} not null)`,
    `create table if not exists runs (
      run ${text} primary key, plan_hash ${bytes} not null, state ${text} not null, started_millis ${integer} not null,
      model_version ${integer} not null, model_hash ${bytes} not null, reason ${text} not null)`,
  ],
  ({ integer }) => [`alter table events add column epoch ${integer} not null default 0`],
  ({ integer }) => [`create table restored (seq ${integer} primary key)`],
];

/** The version that this program reads and writes. */
export const schemaVersion = migrations.length;

/**
 * Bring the tables to this program's version, in the transaction given.
 *
 * @throws `state-lost` (rule `store.schema`) when a newer program wrote the store; nothing was changed then.
 */
export async function migrate(transaction: Transaction<Tables>, types: ColumnTypes): Promise<void> {
  await sql.raw(`create table if not exists schema_version (version ${types.integer} not null)`).execute(transaction);
  const version = await storedVersion(transaction);
  requireKnown(version);
  for (const migration of migrations.slice(version)) {
    for (const statement of migration(types)) await sql.raw(statement).execute(transaction);
  }
  if (version === schemaVersion) return;
  await sql.raw('delete from schema_version').execute(transaction);
  await sql`insert into schema_version (version) values (${schemaVersion})`.execute(transaction);
}

/** 0 before the first migration. */
async function storedVersion(rows: Kysely<Tables>): Promise<number> {
  const found = await sql<{ readonly version: number }>`select version from schema_version`.execute(rows);
  return found.rows[0]?.version ?? 0;
}

function requireKnown(version: number): void {
  if (version <= schemaVersion) return;
  throw new FederatedError('state-lost', `the store has version ${version}, this program knows ${schemaVersion}`, {
    detail: { rule: 'store.schema', required: schemaVersion, offered: version },
  });
}
