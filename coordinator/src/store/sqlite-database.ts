import { chmodSync } from 'node:fs';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely';
import Libsql from 'libsql';
import type { Database, Tables } from './database.js';
import { type ColumnTypes, migrate } from './schema.js';

const busyMillis = 5_000;

const columnTypes: ColumnTypes = {
  text: 'text',
  integer: 'integer',
  bytes: 'blob',
  counter: 'integer primary key autoincrement',
};

/**
 * Open, and create when absent, the database file of a coordinator. Whoever opens it holds the directory's lock.
 *
 * @param path file, readable by its owner only. @throws `state-lost` (rule `store.schema`).
 */
export async function openSqliteDatabase(path: string): Promise<Database> {
  const file = new Libsql(path, { timeout: 0 });
  // Whoever held it before may still be putting its log away: the lock of the directory is given back before libsql is done.
  file.exec(`pragma busy_timeout = ${busyMillis}`);
  file.exec('pragma journal_mode = WAL');
  // FULL: a transaction is on the disk when it returns, so that an acknowledgement may follow it.
  file.exec('pragma synchronous = FULL');
  // Revealed shares are deleted with their session: no page of the file keeps them.
  file.exec('pragma secure_delete = ON');
  const rows = new Kysely<Tables>({ dialect: new SqliteDialect({ database: rollingBackOnce(file) }) });
  try {
    await rows.transaction().execute((transaction) => migrate(transaction, columnTypes));
  } catch (error) {
    await rows.destroy();
    throw error;
  }
  chmodSync(path, 0o600);
  const last = await rows.selectFrom('events').select('epoch').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return {
    rows,
    epoch: last?.epoch ?? 0,
    transaction: (work) => rows.transaction().execute(work),
    // The write-ahead log holds the pages with what was deleted until it is truncated.
    purge: async () => void (await sql`pragma wal_checkpoint(TRUNCATE)`.execute(rows)),
    close: () => rows.destroy(),
  };
}

/**
 * Put what is logged beside a database into its file, and the logs away: libsql keeps them after `close` until its handle is collected.
 * Nothing is written through this handle afterwards.
 */
export async function leaveOneFile({ rows }: Pick<Database, 'rows'>): Promise<void> {
  await sql`pragma journal_mode = DELETE`.execute(rows);
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
  const statements = new Map<string, SqliteStatement>();
  const prepared = (text: string): SqliteStatement => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    const statement = file.prepare(text) as SqliteStatement;
    if (statements.size < statementsMax) statements.set(text, statement);
    return statement;
  };
  return {
    prepare: (text) => (text === 'rollback' && !file.inTransaction ? nothing : prepared(text)),
    close: () => {
      statements.clear();
      file.close();
    },
  };
}

/** The texts of a program's queries are few; those made of what somebody asked for are prepared anew. */
const statementsMax = 200;

function* iterate(): IterableIterator<never> {}
