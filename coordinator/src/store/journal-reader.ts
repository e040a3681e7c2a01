import type { ExpressionBuilder } from 'kysely';
import type { BlobStore } from './blobs.js';
import { columnBytes, type Database, type Tables } from './database.js';
import type { JournalEvent } from './journal.js';

/** An event with when it was appended, milliseconds since 1970; undefined where that was not kept. */
export interface TimedEvent extends Omit<JournalEvent, 'hash'> {
  readonly atMillis: number | undefined;
}

/** An event without what is in it. */
export interface EventHead {
  readonly seq: number;
  readonly run: string;
  readonly round: number;
  readonly kind: string;
  /** When it was appended, RFC 3339; absent where that was not kept. */
  readonly at?: string;
}

/** Heads in one answer. */
const headsMax = 1_000;

/** Kinds of a run's own events, that are of no round, which belong to the story of the round that they fall into. */
const runKinds = ['training-over', 'pausing', 'paused', 'resumed', 'ending', 'finished'] as const;

/** Parts of the journal, for people. Whoever acts on it reads all of a run with {@link Journal.eventsOf}. */
export class JournalReader {
  readonly #database: Database;
  readonly #blobs: BlobStore;

  constructor(database: Database, blobs: BlobStore) {
    this.#database = database;
    this.#blobs = blobs;
  }

  /** Events of one round in order, and those of its run from its first event to the first of the next round. Empty for an unknown one. */
  async roundEvents(run: string, round: number): Promise<TimedEvent[]> {
    const begin = await this.#firstOf(run, round);
    if (begin === undefined) return [];
    const end = (await this.#firstOf(run, round + 1)) ?? Number.MAX_SAFE_INTEGER;
    const rows = await this.#database.rows
      .selectFrom('events')
      .select(['seq', 'run', 'round', 'kind', 'body', 'body_digest'])
      .select(appendedAt)
      .where('run', '=', run)
      .where(({ eb, and, or }) =>
        or([eb('round', '=', round), and([eb('kind', 'in', runKinds), eb('seq', '>=', begin), eb('seq', '<', end)])]),
      )
      .orderBy('seq')
      .execute();
    return Promise.all(
      rows.map(async ({ body, body_digest: digest, at_millis: atMillis, ...event }) => ({
        ...event,
        body: body.byteLength > 0 ? columnBytes(body) : await this.#blobs.readAll(columnBytes(digest)),
        atMillis: atMillis || undefined,
      })),
    );
  }

  /** The newest rounds of a run, newest first, at most `most`. */
  async newestRounds(run: string, most: number): Promise<number[]> {
    const rows = await this.#database.rows
      .selectFrom('events')
      .select('round')
      .distinct()
      .where('run', '=', run)
      .where('round', '>', 0)
      .orderBy('round', 'desc')
      .limit(most)
      .execute();
    return rows.map(({ round }) => round);
  }

  /** The newest events, oldest first, at most `most` and 1,000: of one run, or of all and of the consortium. */
  async newestEvents(most: number, run?: string): Promise<EventHead[]> {
    const rows = await this.#database.rows
      .selectFrom('events')
      .select(['seq', 'run', 'round', 'kind'])
      .select(appendedAt)
      .$if(run !== undefined, (query) => query.where('run', '=', run!))
      .orderBy('seq', 'desc')
      .limit(Math.min(most, headsMax))
      .execute();
    return rows
      .reverse()
      .map(({ at_millis: at, ...head }) => (at ? { ...head, at: new Date(at).toISOString() } : head));
  }

  async #firstOf(run: string, round: number): Promise<number | undefined> {
    const row = await this.#database.rows
      .selectFrom('events')
      .select('seq')
      .where('run', '=', run)
      .where('round', '=', round)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    return row?.seq;
  }
}

/** An append has the time of its first event. */
function appendedAt({ selectFrom }: ExpressionBuilder<Tables, 'events'>) {
  return selectFrom('event_times')
    .select('at_millis')
    .whereRef('event_times.seq', '<=', 'events.seq')
    .orderBy('event_times.seq', 'desc')
    .limit(1)
    .as('at_millis');
}
