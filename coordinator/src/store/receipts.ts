import type { Transaction } from 'kysely';
import { columnBytes, type Database, type Tables } from './database.js';

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

/** Signed receipts, written in the transaction of the events they acknowledge. */
export class ReceiptRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(key: CallKey): Promise<StoredReceipt | undefined> {
    const row = await this.#database
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

  /** Storing the same receipt again changes nothing. */
  async put(transaction: Transaction<Tables>, key: CallKey, receipt: StoredReceipt): Promise<void> {
    const { contentDigest, body, signature } = receipt;
    await transaction
      .insertInto('receipts')
      .values({ ...key, content_digest: contentDigest, body, signature })
      .onConflict((same) => same.doNothing())
      .execute();
  }
}
