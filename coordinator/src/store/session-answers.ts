import type { Transaction } from 'kysely';
import { columnBytes, type Database, type Tables } from './database.js';
import type { StoreWrites } from './durable-writes.js';

/**
 * The events that changed sessions which are not over, beside the journal: a session is restored from them, and those with revealed
 * shares are secret, so they go when it ends and are in no audit log.
 */
export class SessionAnswerRecords {
  readonly #database: Database;
  readonly #writes: StoreWrites;

  constructor(database: Database, writes: StoreWrites) {
    this.#database = database;
    this.#writes = writes;
  }

  /** In the transaction of the events that follow from it. */
  async put(transaction: Transaction<Tables>, run: string, round: number, body: Uint8Array): Promise<void> {
    await transaction.insertInto('session_answers').values({ run, round, body }).execute();
  }

  /** Of every open session of a run, oldest first. */
  async of(run: string): Promise<Uint8Array[]> {
    const rows = await this.#database.rows
      .selectFrom('session_answers')
      .select('body')
      .where('run', '=', run)
      .orderBy('seq')
      .execute();
    return rows.map(({ body }) => columnBytes(body));
  }

  /** The session of a round is over. */
  async remove(transaction: Transaction<Tables>, run: string, round: number): Promise<void> {
    await transaction.deleteFrom('session_answers').where('run', '=', run).where('round', '=', round).execute();
  }

  /** A run that is over is never gone on with: also what was not settled in it goes. */
  async removeRun(run: string): Promise<void> {
    await this.#writes.do('coordinator.answers-removed', () =>
      this.#database.transaction((transaction) =>
        transaction.deleteFrom('session_answers').where('run', '=', run).execute(),
      ),
    );
  }
}
