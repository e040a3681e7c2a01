import type { OfferedReceipt } from '@concordat/core';
import { sql, type Transaction } from 'kysely';
import { columnBytes, type Database, type StoredBytes, type Tables } from './database.js';

/** What one idempotent call is known by: the same key with the same content is the same call. */
export interface CallKey {
  readonly run: string;
  readonly round: number;
  readonly step: string;
  readonly participant: string;
}

export interface StoredReceipt {
  readonly contentDigest: Uint8Array;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** A receipt's place among those of one participant. */
export interface ReceiptPlace {
  readonly run: string;
  readonly round: number;
  readonly step: string;
}

/** Steps that promise nothing: a round is entered with any other. */
const looseSteps = ['approve', 'ready', 'decline'];

/** Signed receipts, written in the transaction of the events they acknowledge. */
export class ReceiptRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(key: CallKey): Promise<StoredReceipt | undefined> {
    const row = await this.#database.rows
      .selectFrom('receipts')
      .selectAll()
      .where('run', '=', key.run)
      .where('round', '=', key.round)
      .where('step', '=', key.step)
      .where('participant', '=', key.participant)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      contentDigest: columnBytes(row.content_digest),
      body: columnBytes(row.body),
      signature: columnBytes(row.signature),
    };
  }

  /** Every receipt of a run, ascending by round, step and participant. */
  async ofRun(run: string): Promise<(StoredReceipt & CallKey)[]> {
    const rows = await this.#database.rows
      .selectFrom('receipts')
      .selectAll()
      .where('run', '=', run)
      .orderBy('round')
      .orderBy('step')
      .orderBy('participant')
      .execute();
    return rows.map(({ round, step, participant, content_digest, body, signature }) => {
      const receipt = { body: columnBytes(body), signature: columnBytes(signature) };
      return { run, round, step, participant, contentDigest: columnBytes(content_digest), ...receipt };
    });
  }

  /** Storing the same receipt again changes nothing. */
  async put(transaction: Transaction<Tables>, key: CallKey, receipt: StoredReceipt): Promise<void> {
    const { contentDigest, body, signature } = receipt;
    await transaction
      .insertInto('receipts')
      .values({ ...key, content_digest: contentDigest, body, signature })
      .onConflict((same) => same.doNothing())
      .execute();
  }

  /** Name the model that a receipt of `ready` acknowledges, so that the receipt can be shown with it later. */
  async putBaseModel(transaction: Transaction<Tables>, digest: Uint8Array, hash: Uint8Array): Promise<void> {
    await transaction
      .insertInto('base_models')
      .values({ digest, hash })
      .onConflict((same) => same.doNothing())
      .execute();
  }

  /**
   * A participant's receipts, ascending by run, round and step.
   *
   * @param after the last of the page before. @returns at most `most`.
   */
  async page(participant: string, after: ReceiptPlace | undefined, most: number): Promise<OfferedReceipt[]> {
    let query = this.#shown(participant).orderBy('run').orderBy('round').orderBy('step').limit(most);
    if (after !== undefined) {
      const { run, round, step } = after;
      query = query.where(sql<boolean>`(receipts.run, receipts.round, receipts.step) > (${run}, ${round}, ${step})`);
    }
    return (await query.execute()).map(offered);
  }

  /**
   * What a participant's journal must hold now: of each of its `runsMost` latest runs the receipts of the newest round whose
   * session it entered; of a run without one, its approval.
   */
  async newest(participant: string, runsMost: number): Promise<OfferedReceipt[]> {
    const runs = await this.#database.rows
      .selectFrom('receipts')
      .leftJoin('runs', 'runs.run', 'receipts.run')
      .select(['receipts.run as run'])
      .select(
        sql<number>`max(case when receipts.step in (${sql.join(looseSteps)}) then 0 else receipts.round end)`.as(
          'round',
        ),
      )
      .where('participant', '=', participant)
      .groupBy('receipts.run')
      // A run that never started comes last: databases differ in where they put an absent value.
      .orderBy(sql`coalesce(max(runs.started_millis), -1)`, 'desc')
      .limit(runsMost)
      .execute();
    const found: OfferedReceipt[] = [];
    for (const { run, round } of runs) {
      const rows = await this.#shown(participant)
        .where('run', '=', run)
        .where('round', '=', round)
        .orderBy('step')
        .execute();
      found.push(...rows.map(offered));
    }
    return found;
  }

  #shown(participant: string) {
    return this.#database.rows
      .selectFrom('receipts')
      .leftJoin('base_models', (join) =>
        join.onRef('receipts.content_digest', '=', 'base_models.digest').on('receipts.step', '=', 'ready'),
      )
      .select(['receipts.body as body', 'receipts.signature as signature', 'base_models.hash as hash'])
      .where('participant', '=', participant);
  }
}

function offered(row: {
  readonly body: StoredBytes;
  readonly signature: StoredBytes;
  readonly hash: StoredBytes | null;
}): OfferedReceipt {
  return {
    receipt: { body: columnBytes(row.body), signature: columnBytes(row.signature) },
    ...(row.hash === null ? {} : { baseModelHash: columnBytes(row.hash) }),
  };
}
