import { toHex } from '@concordat/core';
import { sql, type Transaction } from 'kysely';
import { columnBytes, type Database, type StoredBytes, type Tables } from './database.js';
import type { StoreWrites } from './durable-writes.js';
import type { PublishedHash } from './results.js';

/** A signed document as stored. */
export interface StoredDocument {
  readonly hash: Uint8Array;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

export interface StoredPlan extends StoredDocument {
  readonly operator: string;
}

/** Signed plans by digest. */
export class PlanRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the transaction of its event. Storing the same plan again changes nothing. */
  async put(transaction: Transaction<Tables>, plan: StoredPlan): Promise<void> {
    await transaction
      .insertInto('plans')
      .values({ ...plan, hash: toHex(plan.hash) })
      .onConflict((same) => same.doNothing())
      .execute();
  }

  async all(): Promise<StoredPlan[]> {
    const rows = await this.#database.rows.selectFrom('plans').selectAll().orderBy('hash').execute();
    return rows.map((row) => ({
      hash: Buffer.from(row.hash, 'hex'),
      body: columnBytes(row.body),
      signature: columnBytes(row.signature),
      operator: row.operator,
    }));
  }

  async get(hash: Uint8Array): Promise<StoredPlan | undefined> {
    const row = await this.#database.rows
      .selectFrom('plans')
      .selectAll()
      .where('hash', '=', toHex(hash))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return { hash, body: columnBytes(row.body), signature: columnBytes(row.signature), operator: row.operator };
  }
}

/** Signed roster epochs, each chained to the one before. */
export class RosterRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the transaction of the journal entry and of the admission that made the epoch. */
  async put(transaction: Transaction<Tables>, epoch: number, document: StoredDocument): Promise<void> {
    await transaction
      .insertInto('rosters')
      .values({ epoch, ...document })
      .execute();
  }

  async latest(): Promise<(StoredDocument & { readonly epoch: number }) | undefined> {
    const row = await this.#database.rows.selectFrom('rosters').selectAll().orderBy('epoch', 'desc').executeTakeFirst();
    return row === undefined ? undefined : { epoch: row.epoch, ...documentOf(row) };
  }

  /** Every epoch, the first one first. */
  async all(): Promise<(StoredDocument & { readonly epoch: number })[]> {
    const rows = await this.#database.rows.selectFrom('rosters').selectAll().orderBy('epoch').execute();
    return rows.map((row) => ({ epoch: row.epoch, ...documentOf(row) }));
  }

  async byHash(hash: Uint8Array): Promise<StoredDocument | undefined> {
    const row = await this.#database.rows
      .selectFrom('rosters')
      .selectAll()
      .where(sql<boolean>`hash = ${hash}`)
      .executeTakeFirst();
    return row === undefined ? undefined : documentOf(row);
  }
}

function documentOf(row: {
  readonly hash: StoredBytes;
  readonly body: StoredBytes;
  readonly signature: StoredBytes;
}): StoredDocument {
  return { hash: columnBytes(row.hash), body: columnBytes(row.body), signature: columnBytes(row.signature) };
}

export type RunOutcome = 'running' | 'completed' | 'aborted';

export interface RunRecord {
  readonly run: string;
  readonly planHash: Uint8Array;
  readonly state: RunOutcome;
  readonly startedMillis: number;
  readonly modelVersion: number;
  readonly modelHash: Uint8Array;
  readonly reason: string;
}

/** One row per run: where it stands. The journal says how it got there. */
export class RunRecords {
  readonly #database: Database;
  readonly #writes: StoreWrites;

  constructor(database: Database, writes: StoreWrites) {
    this.#database = database;
    this.#writes = writes;
  }

  /** In the transaction of the event that the run was started. */
  async begin(transaction: Transaction<Tables>, record: RunRecord): Promise<void> {
    await transaction.insertInto('runs').values(rowOf(record)).execute();
  }

  /** In the transaction of the event that a model was published. */
  async advance(transaction: Transaction<Tables>, run: string, model: PublishedHash): Promise<void> {
    await transaction
      .updateTable('runs')
      .set({ model_version: model.version, model_hash: model.hash })
      .where('run', '=', run)
      .execute();
  }

  /** At its end, when nothing of it is left to do; and before it is gone on with: whoever cannot write this can write nothing. */
  async put(record: RunRecord): Promise<void> {
    const row = rowOf(record);
    await this.#writes.do('coordinator.run-row', () =>
      this.#database.transaction((transaction) =>
        transaction.updateTable('runs').set(row).where('run', '=', record.run).execute(),
      ),
    );
  }

  /** In the transaction of the event that says why. */
  async end(transaction: Transaction<Tables>, run: string, reason: string): Promise<void> {
    await transaction.updateTable('runs').set({ state: 'aborted', reason }).where('run', '=', run).execute();
  }

  /** The last event of the copy that this store was restored from; undefined for a store that is none, or was begun anew. */
  async restoredFrom(): Promise<number | undefined> {
    return (await this.#database.rows.selectFrom('restored').select('seq').executeTakeFirst())?.seq;
  }

  /** In the transaction of the event that the store goes on as one of its own. */
  async begunAnew(transaction: Transaction<Tables>): Promise<void> {
    await transaction.deleteFrom('restored').execute();
  }

  async get(run: string): Promise<RunRecord | undefined> {
    return (await this.list()).find((record) => record.run === run);
  }

  /** Newest first. */
  async list(): Promise<RunRecord[]> {
    const rows = await this.#database.rows.selectFrom('runs').selectAll().orderBy('started_millis', 'desc').execute();
    return rows.map((row) => ({
      run: row.run,
      planHash: columnBytes(row.plan_hash),
      state: row.state as RunOutcome,
      startedMillis: row.started_millis,
      modelVersion: row.model_version,
      modelHash: columnBytes(row.model_hash),
      reason: row.reason,
    }));
  }
}

function rowOf(record: RunRecord) {
  return {
    run: record.run,
    plan_hash: record.planHash,
    state: record.state,
    started_millis: record.startedMillis,
    model_version: record.modelVersion,
    model_hash: record.modelHash,
    reason: record.reason,
  };
}
