import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { lockDirectory } from '@concordat/node';
import { AdmissionRecords } from './admissions.js';
import { BlobStore } from './blobs.js';
import { ClientEpochRecords } from './client-epochs.js';
import type { Database } from './database.js';
import { StoreWrites } from './durable-writes.js';
import { Journal } from './journal.js';
import { JournalReader } from './journal-reader.js';
import type { PostgresConnection } from './postgres/connection.js';
import type { Lease } from './postgres/lease.js';
import { openPostgresDatabase } from './postgres/postgres-database.js';
import { ReceiptRecords } from './receipts.js';
import { PlanRecords, RosterRecords, RunRecords } from './records.js';
import { ResultRecords } from './results.js';
import { SessionAnswerRecords } from './session-answers.js';
import { Spool } from './spool.js';
import { openSqliteDatabase } from './sqlite-database.js';

/** Everything a coordinator keeps: one locked database, blobs, and the spool of masked vectors. */
export interface Store {
  readonly journal: Journal;
  readonly journalReader: JournalReader;
  readonly blobs: BlobStore;
  readonly spool: Spool;
  readonly admissions: AdmissionRecords;
  readonly rosters: RosterRecords;
  readonly plans: PlanRecords;
  readonly runs: RunRecords;
  readonly receipts: ReceiptRecords;
  readonly sessionAnswers: SessionAnswerRecords;
  readonly results: ResultRecords;
  readonly clientEpochs: ClientEpochRecords;
  readonly writes: StoreWrites;
  close(): Promise<void>;
}

/**
 * Open, and create when absent, the store under `directory`. One process at a time.
 *
 * @param wallMillis milliseconds since 1970, for the message of whoever comes second and for people who read the journal; 0 unknown.
 * @throws `conflict` when another process holds it; `verification` when the journal was altered.
 */
export async function openStore(directory: string, wallMillis: () => number = () => 0): Promise<Store> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory, wallMillis());
  let database: Database | undefined;
  try {
    database = await openSqliteDatabase(join(directory, 'coordinator.db'));
    const held = database;
    const close = () => held.close().finally(() => lock.release());
    return { ...(await partsOf(database, directory, wallMillis)), close };
  } catch (error) {
    await database?.close();
    lock.release();
    throw error;
  }
}

/** What a store in PostgreSQL is opened with. */
export interface PostgresStoreOptions {
  readonly connection: PostgresConnection;
  readonly lease: Lease;
  /** Of blobs and spool, which all coordinators of this database share. */
  readonly directory: string;
  /** As of {@link openStore}. */
  readonly wallMillis?: () => number;
}

/**
 * Open the store whose records are in PostgreSQL, as its leader. The store ends the connection and gives the lease back when it is closed,
 * also when it could not be opened.
 *
 * @throws as {@link openStore}; `state-lost` (rule `store.schema`); `unavailable` (rules `store.unreachable`, `coordinator.leader`).
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { connection, lease, directory, wallMillis = () => 0 } = options;
  let close = () => lease.release().finally(() => connection.close());
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const database = await openPostgresDatabase(connection, lease);
    close = () => database.close();
    return { ...(await partsOf(database, directory, wallMillis)), close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function partsOf(database: Database, directory: string, wallMillis: () => number): Promise<Omit<Store, 'close'>> {
  const writes = new StoreWrites();
  const blobs = new BlobStore(join(directory, 'blobs'), writes);
  await blobs.removeUnfinished();
  return {
    journal: await Journal.open({ database, blobs, writes, wallMillis }),
    journalReader: new JournalReader(database, blobs),
    blobs,
    spool: new Spool(join(directory, 'spool'), writes),
    admissions: new AdmissionRecords(database),
    rosters: new RosterRecords(database),
    plans: new PlanRecords(database),
    runs: new RunRecords(database, writes),
    receipts: new ReceiptRecords(database),
    sessionAnswers: new SessionAnswerRecords(database, writes),
    results: new ResultRecords(database, writes),
    clientEpochs: new ClientEpochRecords(database, writes),
    writes,
  };
}
