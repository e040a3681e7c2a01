import { type Insertable, type Kysely, sql, type Transaction } from 'kysely';
import { columnBytes, type StoredBytes, type Tables } from '../store/database.js';

/**
 * The tables of a copy. Not those with secrets that were revealed in sessions: they are destroyed with their session or after some rounds,
 * and a copy would keep them.
 */
export const copiedTables = [
  'events',
  'event_times',
  'receipts',
  'base_models',
  'client_epochs',
  'invitations',
  'pending',
  'rosters',
  'plans',
  'results',
  'verdicts',
  'runs',
] as const satisfies readonly (keyof Tables)[];

/** Whatever is not in a copy. */
export const secretTables = ['session_answers', 'transcripts'] as const satisfies readonly (keyof Tables)[];

/** Rows at a time: of events at their largest 2 MB. */
const rowsMax = 500;

/** Copy the rows of a copy from one database into another, empty one, some at a time. */
export async function copyRows(from: Kysely<Tables>, to: Transaction<Tables>): Promise<void> {
  for (const table of copiedTables) {
    for await (const rows of pagesOf(from, table)) {
      for (const row of rows) await to.insertInto(table).values(row).execute();
    }
  }
}

/** By place: nothing is written to the database meanwhile, or `from` sees none of it. */
async function* pagesOf(
  from: Kysely<Tables>,
  table: (typeof copiedTables)[number],
): AsyncGenerator<Insertable<Tables[typeof table]>[]> {
  const order = sql.raw(keys[table]);
  for (let offset = 0; ; offset += rowsMax) {
    const { rows } = await sql<Record<string, unknown>>`
      select * from ${sql.table(table)} order by ${order} limit ${rowsMax} offset ${offset}`.execute(from);
    yield rows.map(plainRow) as unknown as Insertable<Tables[typeof table]>[];
    if (rows.length < rowsMax) return;
  }
}

const keys: Readonly<Record<(typeof copiedTables)[number], string>> = {
  events: 'seq',
  event_times: 'seq',
  receipts: 'run, round, step, participant',
  base_models: 'digest',
  client_epochs: 'participant',
  invitations: 'secret_hash',
  pending: 'participant',
  rosters: 'epoch',
  plans: 'hash',
  results: 'sid2',
  verdicts: 'sid2, participant',
  runs: 'run',
};

/** Bytes as every database takes them. */
function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  const isBytes = (value: unknown): value is StoredBytes => value instanceof ArrayBuffer || value instanceof Uint8Array;
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, isBytes(value) ? columnBytes(value) : value]),
  );
}
