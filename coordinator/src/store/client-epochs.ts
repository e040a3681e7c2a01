import { columnBytes, type Database } from './database.js';
import type { StoreWrites } from './durable-writes.js';

/** The newest start of a participant's client. */
export interface ClientStart {
  readonly epoch: number;
  /** Drawn at that start; empty when the client said none. */
  readonly startId: Uint8Array;
}

/** Which client of each participant is the newest: it outlives the coordinator's process, so an older one stays fenced. */
export class ClientEpochRecords {
  readonly #database: Database;
  readonly #writes: StoreWrites;

  constructor(database: Database, writes: StoreWrites) {
    this.#database = database;
    this.#writes = writes;
  }

  async all(): Promise<Map<string, ClientStart>> {
    const rows = await this.#database.rows.selectFrom('client_epochs').selectAll().execute();
    return new Map(
      rows.map(({ participant, epoch, start_id }) => [participant, { epoch, startId: columnBytes(start_id) }]),
    );
  }

  /** Durable when it resolves. A smaller epoch than the stored one changes nothing. */
  async put(participant: string, { epoch, startId }: ClientStart): Promise<void> {
    await this.#writes.do('coordinator.client-epoch', () =>
      this.#database.transaction((transaction) =>
        transaction
          .insertInto('client_epochs')
          .values({ participant, epoch, start_id: startId })
          .onConflict((same) =>
            same
              .column('participant')
              .doUpdateSet({ epoch, start_id: startId })
              .where('client_epochs.epoch', '<', epoch),
          )
          .execute(),
      ),
    );
  }
}
