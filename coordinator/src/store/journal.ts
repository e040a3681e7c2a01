import { createHash } from 'node:crypto';
import { FederatedError } from '@concordat/core';
import type { Insertable, Transaction } from 'kysely';
import type { BlobStore } from './blobs.js';
import { columnBytes, type Database, type Tables } from './database.js';

/** One fact of the coordinator, as it is written. `run` is empty and `round` 0 for facts of the consortium. */
export interface JournalEntry {
  readonly run: string;
  readonly round: number;
  readonly kind: string;
  readonly body: Uint8Array;
}

export interface JournalEvent extends JournalEntry {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** Bodies above this are blobs; the event holds their digest. */
const inlineBytesMax = 4_096;

/**
 * The hash-chained list of everything the coordinator decided. Append is one transaction and durable when it returns.
 *
 * `hash = SHA-256("concordat/event" ‖ 0x00 ‖ prevHash ‖ u64 seq ‖ u32 round ‖ SHA-256(run) ‖ SHA-256(kind) ‖ SHA-256(body))`,
 * integers big-endian, prevHash of the first event 32 zero bytes.
 */
export class Journal {
  readonly #database: Database;
  readonly #blobs: BlobStore;
  readonly #wallMillis: () => number;
  #seq: number;
  #head: Uint8Array;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(database: Database, blobs: BlobStore, wallMillis: () => number) {
    this.#database = database;
    this.#blobs = blobs;
    this.#wallMillis = wallMillis;
    this.#seq = 0;
    this.#head = new Uint8Array(32);
  }

  /**
   * @param wallMillis milliseconds since 1970, kept beside the events for people; 0 unknown.
   * @throws `verification` when the stored chain does not hold, naming the first bad event.
   */
  static async open(database: Database, blobs: BlobStore, wallMillis: () => number): Promise<Journal> {
    const journal = new Journal(database, blobs, wallMillis);
    for await (const event of database.selectFrom('events').selectAll().orderBy('seq').stream()) {
      const digest = columnBytes(event.body_digest);
      const hash = chainHash(journal.#head, journal.#seq + 1, event, digest);
      const inline = columnBytes(event.body);
      const bodyHolds = inline.byteLength === 0 || equal(sha256(inline), digest);
      if (event.seq !== journal.#seq + 1 || !bodyHolds || !equal(hash, columnBytes(event.hash))) {
        throw new FederatedError('verification', `the journal was altered at event ${event.seq}`, {
          detail: { event: event.seq },
          fix: 'Restore the store from a copy that verifies; do not go on with this one.',
        });
      }
      journal.#seq = event.seq;
      journal.#head = hash;
    }
    return journal;
  }

  /** Hash of the last event. */
  get head(): Uint8Array {
    return this.#head;
  }

  /**
   * Append entries in one transaction, together with the rows that `alongside` writes.
   * A failed append changes nothing; appends run one after another.
   */
  append(
    entries: readonly JournalEntry[],
    alongside?: (transaction: Transaction<Tables>) => Promise<void>,
  ): Promise<void> {
    const appended = this.#tail.then(() => this.#write(entries, alongside));
    this.#tail = appended.catch(() => undefined);
    return appended;
  }

  /** All events of a run in order; bodies resolved. */
  async eventsOf(run: string): Promise<JournalEvent[]> {
    const rows = await this.#database.selectFrom('events').selectAll().where('run', '=', run).orderBy('seq').execute();
    return Promise.all(
      rows.map(async (row) => ({
        seq: row.seq,
        run: row.run,
        round: row.round,
        kind: row.kind,
        hash: columnBytes(row.hash),
        body: await this.#resolve(columnBytes(row.body), columnBytes(row.body_digest)),
      })),
    );
  }

  async #write(entries: readonly JournalEntry[], alongside?: (transaction: Transaction<Tables>) => Promise<void>) {
    let seq = this.#seq;
    let head = this.#head;
    const rows: Insertable<Tables['events']>[] = [];
    for (const entry of entries) {
      const digest = sha256(entry.body);
      const inline = entry.body.byteLength <= inlineBytesMax;
      if (!inline) await this.#blobs.put(entry.body);
      seq += 1;
      const hash = chainHash(head, seq, entry, digest);
      const body = inline ? entry.body : new Uint8Array(0);
      rows.push({
        seq,
        run: entry.run,
        round: entry.round,
        kind: entry.kind,
        body,
        body_digest: digest,
        prev_hash: head,
        hash,
      });
      head = hash;
    }
    await this.#database.transaction().execute(async (transaction) => {
      for (const row of rows) await transaction.insertInto('events').values(row).execute();
      const [first] = rows;
      const at = { at_millis: this.#wallMillis() };
      if (first !== undefined)
        await transaction
          .insertInto('event_times')
          .values({ seq: first.seq, ...at })
          .execute();
      await alongside?.(transaction);
    });
    this.#seq = seq;
    this.#head = head;
  }

  async #resolve(inline: Uint8Array, digest: Uint8Array): Promise<Uint8Array> {
    if (inline.byteLength > 0 || equal(digest, sha256(inline))) return inline;
    return this.#blobs.readAll(digest);
  }
}

function chainHash(
  previous: Uint8Array,
  seq: number,
  entry: { readonly run: string; readonly round: number; readonly kind: string },
  bodyDigest: Uint8Array,
): Uint8Array {
  const numbers = Buffer.alloc(12);
  numbers.writeBigUInt64BE(BigInt(seq), 0);
  numbers.writeUInt32BE(entry.round, 8);
  const hash = createHash('sha256').update('concordat/event\0', 'latin1').update(previous).update(numbers);
  return hash.update(sha256(entry.run)).update(sha256(entry.kind)).update(bodyDigest).digest();
}

function sha256(content: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(content).digest();
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
