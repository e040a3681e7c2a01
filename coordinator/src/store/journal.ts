import { createHash } from 'node:crypto';
import { FederatedError } from '@concordat/core';
import type { Insertable, Selectable, Transaction } from 'kysely';
import type { BlobStore } from './blobs.js';
import { columnBytes, type Database, type Tables } from './database.js';
import { type CoordinatorWrite, isStoreFailed, isStoreFull, journalWrite, type StoreWrites } from './durable-writes.js';

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
/** Read at a time: with bodies at their largest 2 MB. */
const pageEvents = 500;

/** Appends in one transaction: as many as wait while another is written. */
const groupMax = 64;

export interface JournalOptions {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly writes: StoreWrites;
  /** Milliseconds since 1970, kept beside the events for people; 0 unknown. */
  readonly wallMillis: () => number;
}

/** Rows written in the transaction of an append, and the names of these writes. */
export interface Alongside {
  readonly writes?: readonly CoordinatorWrite[];
  readonly write: (transaction: Transaction<Tables>) => Promise<void>;
}

interface WaitingAppend {
  readonly entries: readonly JournalEntry[];
  readonly alongside: Alongside | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The hash-chained list of everything the coordinator decided. Append is one transaction and durable when it returns.
 *
 * `hash = SHA-256("concordat/event" ‖ 0x00 ‖ prevHash ‖ u64 seq ‖ u32 round ‖ SHA-256(run) ‖ SHA-256(kind) ‖ SHA-256(body))`,
 * integers big-endian, prevHash of the first event 32 zero bytes. Where leaders take turns the beginning is
 * "concordat/event/epoch" ‖ 0x00 ‖ u64 epoch instead, and the epoch, from 1, never goes back.
 */
export class Journal {
  readonly #database: Database;
  readonly #blobs: BlobStore;
  readonly #writes: StoreWrites;
  readonly #wallMillis: () => number;
  readonly #waiting: WaitingAppend[] = [];
  #writing = false;
  #seq: number;
  #head: Uint8Array;

  private constructor({ database, blobs, writes, wallMillis }: JournalOptions) {
    this.#database = database;
    this.#blobs = blobs;
    this.#writes = writes;
    this.#wallMillis = wallMillis;
    this.#seq = 0;
    this.#head = new Uint8Array(32);
  }

  /** @throws `verification` when the stored chain does not hold, naming the first bad event. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { database } = options;
    const journal = new Journal(options);
    let epoch = 0;
    for await (const event of eventsOf(database)) {
      const digest = columnBytes(event.body_digest);
      const hash = chainHash(journal.#head, journal.#seq + 1, event, digest);
      const inline = columnBytes(event.body);
      const bodyHolds = inline.byteLength === 0 || equal(sha256(inline), digest);
      const follows = event.seq === journal.#seq + 1 && event.epoch >= epoch;
      if (!follows || !bodyHolds || !equal(hash, columnBytes(event.hash))) {
        throw new FederatedError('verification', `the journal was altered at event ${event.seq}`, {
          detail: { event: event.seq },
          fix: 'Restore the store from a copy that verifies; do not go on with this one.',
        });
      }
      journal.#seq = event.seq;
      journal.#head = hash;
      epoch = event.epoch;
    }
    return journal;
  }

  /** Hash of the last event. */
  get head(): Uint8Array {
    return this.#head;
  }

  /**
   * Append entries in one transaction, together with the rows that `alongside` writes. Appends keep their order; those that wait while
   * another is written share one transaction, and so one fsync. A failed append changes nothing, and fails nobody else's.
   *
   * @throws as {@link StoreWrites.do}; what `alongside` throws.
   */
  append(entries: readonly JournalEntry[], alongside?: Alongside): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, alongside, resolve, reject });
      if (!this.#writing) void this.#writeWaiting();
    });
  }

  /** All events of a run in order; bodies resolved. */
  async eventsOf(run: string): Promise<JournalEvent[]> {
    const rows = await this.#database.rows
      .selectFrom('events')
      .selectAll()
      .where('run', '=', run)
      .orderBy('seq')
      .execute();
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

  async #writeWaiting(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, groupMax);
      const error = await this.#written(group);
      if (error === undefined) for (const { resolve } of group) resolve();
      else if (group.length === 1 || isStoreFull(error) || isStoreFailed(error)) {
        for (const { reject } of group) reject(error);
      } else await this.#writeAlone(group);
    }
    this.#writing = false;
  }

  /** One of them cannot be written: only its caller hears of it. */
  async #writeAlone(group: readonly WaitingAppend[]): Promise<void> {
    for (const one of group) {
      const error = await this.#written([one]);
      if (error === undefined) one.resolve();
      else one.reject(error);
    }
  }

  /** @returns why nothing of it was written. */
  #written(group: readonly WaitingAppend[]): Promise<unknown> {
    return this.#write(group).then(
      () => undefined,
      (error: unknown) => error ?? new FederatedError('internal', 'an append failed without a reason'),
    );
  }

  async #write(group: readonly WaitingAppend[]): Promise<void> {
    const entries = group.flatMap((one) => one.entries);
    const names = new Set([
      ...entries.map(({ kind }) => journalWrite(kind)),
      ...group.flatMap(({ alongside }) => alongside?.writes ?? []),
    ]);
    const { rows, seq, head } = await this.#rowsOf(entries);
    await this.#writes.do([...names], () =>
      this.#database.transaction(async (transaction) => {
        for (const row of rows) await transaction.insertInto('events').values(row).execute();
        const [first] = rows;
        const at_millis = this.#wallMillis();
        if (first !== undefined) {
          await transaction.insertInto('event_times').values({ seq: first.seq, at_millis }).execute();
        }
        for (const { alongside } of group) await alongside?.write(transaction);
      }),
    );
    this.#seq = seq;
    this.#head = head;
  }

  /** Long bodies are durable as blobs when it returns: a row never names one that is not there. */
  async #rowsOf(entries: readonly JournalEntry[]) {
    let seq = this.#seq;
    let head = this.#head;
    const { epoch } = this.#database;
    const rows: Insertable<Tables['events']>[] = [];
    for (const { run, round, kind, body } of entries) {
      const digest = sha256(body);
      const inline = body.byteLength <= inlineBytesMax;
      if (!inline) await this.#blobs.put(body);
      seq += 1;
      const hash = chainHash(head, seq, { run, round, kind, epoch }, digest);
      rows.push({
        seq,
        run,
        round,
        kind,
        epoch,
        body: inline ? body : new Uint8Array(0),
        body_digest: digest,
        prev_hash: head,
        hash,
      });
      head = hash;
    }
    return { rows, seq, head };
  }

  async #resolve(inline: Uint8Array, digest: Uint8Array): Promise<Uint8Array> {
    if (inline.byteLength > 0 || equal(digest, sha256(inline))) return inline;
    return this.#blobs.readAll(digest);
  }
}

function chainHash(
  previous: Uint8Array,
  seq: number,
  entry: Pick<JournalEntry, 'run' | 'round' | 'kind'> & { readonly epoch: number },
  bodyDigest: Uint8Array,
): Uint8Array {
  const numbers = Buffer.alloc(12);
  numbers.writeBigUInt64BE(BigInt(seq), 0);
  numbers.writeUInt32BE(entry.round, 8);
  const hash = createHash('sha256').update(domainOf(entry.epoch)).update(previous).update(numbers);
  return hash.update(sha256(entry.run)).update(sha256(entry.kind)).update(bodyDigest).digest();
}

function domainOf(epoch: number): Uint8Array {
  if (epoch === 0) return Buffer.from('concordat/event\0', 'latin1');
  const domain = Buffer.from(`concordat/event/epoch\0${'\0'.repeat(8)}`, 'latin1');
  domain.writeBigUInt64BE(BigInt(epoch), domain.byteLength - 8);
  return domain;
}

/** All events in order, some at a time. */
async function* eventsOf({ rows }: Database): AsyncGenerator<Selectable<Tables['events']>> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const page = await rows
      .selectFrom('events')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(pageEvents)
      .execute();
    yield* page;
    if (page.length < pageEvents) return;
    after = page.at(-1)!.seq;
  }
}

function sha256(content: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(content).digest();
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
