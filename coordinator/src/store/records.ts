import { toHex } from '@concordat/core';
import { sql, type Transaction } from 'kysely';
import { columnBytes, type Database, type Tables } from './database.js';

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

  /** Storing the same plan again changes nothing. */
  async put(plan: StoredPlan): Promise<void> {
    await this.#database
      .insertInto('plans')
      .values({ ...plan, hash: toHex(plan.hash) })
      .onConflict((same) => same.doNothing())
      .execute();
  }

  async get(hash: Uint8Array): Promise<StoredPlan | undefined> {
    const row = await this.#database.selectFrom('plans').selectAll().where('hash', '=', toHex(hash)).executeTakeFirst();
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
    const row = await this.#database.selectFrom('rosters').selectAll().orderBy('epoch', 'desc').executeTakeFirst();
    return row === undefined ? undefined : { epoch: row.epoch, ...documentOf(row) };
  }

  async byHash(hash: Uint8Array): Promise<StoredDocument | undefined> {
    const row = await this.#database
      .selectFrom('rosters')
      .selectAll()
      .where(sql<boolean>`hash = ${hash}`)
      .executeTakeFirst();
    return row === undefined ? undefined : documentOf(row);
  }
}

function documentOf(row: {
  readonly hash: ArrayBuffer;
  readonly body: ArrayBuffer;
  readonly signature: ArrayBuffer;
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

  constructor(database: Database) {
    this.#database = database;
  }

  async put(record: RunRecord): Promise<void> {
    const row = {
      run: record.run,
      plan_hash: record.planHash,
      state: record.state,
      started_millis: record.startedMillis,
      model_version: record.modelVersion,
      model_hash: record.modelHash,
      reason: record.reason,
    };
    await this.#database
      .insertInto('runs')
      .values(row)
      .onConflict((same) => same.column('run').doUpdateSet(row))
      .execute();
  }

  async get(run: string): Promise<RunRecord | undefined> {
    return (await this.list()).find((record) => record.run === run);
  }

  /** Newest first. */
  async list(): Promise<RunRecord[]> {
    const rows = await this.#database.selectFrom('runs').selectAll().orderBy('started_millis', 'desc').execute();
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
