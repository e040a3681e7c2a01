import type { FederatedError } from '@concordat/core';
import { sql, type Transaction } from 'kysely';
import type { Database, Tables } from '../database.js';
import { type ColumnTypes, migrate } from '../schema.js';
import type { PostgresConnection } from './connection.js';
import { isLost } from './errors.js';
import type { Lease } from './lease.js';

const columnTypes: ColumnTypes = {
  // Ids in the order of their bytes, as everywhere else, whatever the language of the database.
  text: 'text collate "C"',
  integer: 'bigint',
  bytes: 'bytea',
  counter: 'bigint generated always as identity primary key',
};

/**
 * The records in PostgreSQL, for the one that leads. A write of which nobody knows whether it counts ends the leadership: whoever leads
 * next reads what is there.
 *
 * @throws `state-lost` (rule `store.schema`), `unavailable`.
 */
export async function openPostgresDatabase(connection: PostgresConnection, lease: Lease): Promise<Database> {
  const { rows } = connection;
  const transaction = async <Result>(work: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result> => {
    try {
      return await rows.transaction().execute(async (transaction) => {
        await lease.requireIn(transaction);
        return work(transaction);
      });
    } catch (error) {
      if (isLost(error)) lease.lose(error as FederatedError);
      throw error;
    }
  };
  await transaction((transaction) => migrate(transaction, columnTypes));
  return {
    rows,
    epoch: lease.epoch,
    transaction,
    // The server's pages are used again; what its write-ahead log, its replicas and its copies hold is not ours to erase.
    purge: async () => {
      await sql`vacuum transcripts, session_answers`.execute(rows);
    },
    close: async () => {
      await lease.release().catch((error: unknown) => {
        if (!isLost(error)) throw error;
      });
      await connection.close();
    },
  };
}
