import {
  type ReleaseTally,
  type Signed,
  type Transcript,
  toHex,
  type Verdict,
  type VerdictKind,
} from '@concordat/core';
import type { Transaction } from 'kysely';
import { decodeRecord, encodeRecord } from '../run/record-json.js';
import { columnBytes, type Database, type Tables } from './database.js';
import type { StoreWrites } from './durable-writes.js';

/** A survivor, with its place in the cohort. */
export interface StoredSurvivor {
  readonly participant: string;
  readonly publicKey: Uint8Array;
  readonly index: number;
}

/** The sum of one session, for ever: what was opened, by whom it is vouched for, what was published with it. */
export interface StoredResult {
  readonly sid2: Uint8Array;
  readonly run: string;
  readonly round: number;
  readonly threshold: number;
  readonly lengthBytes: number;
  readonly survivors: readonly StoredSurvivor[];
  readonly resultHash: Uint8Array;
  readonly aggregate: Signed;
  /** 0 until a model is published with it, and after an evaluation. */
  readonly modelVersion: number;
  readonly modelHash: Uint8Array | undefined;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** A model as a round published it. */
export interface PublishedHash {
  readonly version: number;
  readonly hash: Uint8Array;
}

/** The sums of a round and how their release stands. */
export type TalliedRelease = ReleaseTally & { readonly round: number; readonly modelVersion: number };

/** Opened sums and the verdicts on them, kept for ever; and their transcripts with the revealed secrets, kept for some rounds. */
export class ResultRecords {
  readonly #database: Database;
  readonly #writes: StoreWrites;

  constructor(database: Database, writes: StoreWrites) {
    this.#database = database;
    this.#writes = writes;
  }

  /** A sum that is opened again after a restart is known already, and changes nothing. */
  async put(
    transaction: Transaction<Tables>,
    result: Omit<StoredResult, 'modelVersion' | 'modelHash' | 'verdicts'>,
    kept: { readonly transcript: Transcript; readonly rounds: number },
  ): Promise<void> {
    const { run, round, threshold, aggregate } = result;
    const sid2 = toHex(result.sid2);
    await transaction
      .insertInto('results')
      .values({
        sid2,
        run,
        round,
        threshold,
        length_bytes: result.lengthBytes,
        survivors: encodeRecord({ survivors: result.survivors }),
        result_hash: result.resultHash,
        body: aggregate.body,
        signature: aggregate.signature,
        model_version: 0,
        model_hash: null,
      })
      .onConflict((same) => same.doNothing())
      .execute();
    await transaction
      .insertInto('transcripts')
      .values({ sid2, run, round, remaining: kept.rounds, body: encodeRecord(kept.transcript) })
      .onConflict((same) => same.doNothing())
      .execute();
  }

  async get(sid2: Uint8Array): Promise<StoredResult | undefined> {
    const row = await this.#database.rows
      .selectFrom('results')
      .selectAll()
      .where('sid2', '=', toHex(sid2))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { survivors } = decodeRecord(columnBytes(row.survivors)) as Pick<StoredResult, 'survivors'>;
    return {
      sid2,
      run: row.run,
      round: row.round,
      threshold: row.threshold,
      lengthBytes: row.length_bytes,
      survivors,
      resultHash: columnBytes(row.result_hash),
      aggregate: { body: columnBytes(row.body), signature: columnBytes(row.signature) },
      modelVersion: row.model_version,
      modelHash: row.model_hash === null ? undefined : columnBytes(row.model_hash),
      verdicts: await this.#verdicts(row.sid2),
    };
  }

  /** Rounds of a run that have sums, newest first, at most `most`. */
  async newest(run: string, most: number): Promise<number[]> {
    const rows = await this.#database.rows
      .selectFrom('results')
      .select('round')
      .distinct()
      .where('run', '=', run)
      .orderBy('round', 'desc')
      .limit(most)
      .execute();
    return rows.map(({ round }) => round);
  }

  /** The sums of a round, in no order. */
  async ofRound(run: string, round: number): Promise<StoredResult[]> {
    const rows = await this.#database.rows
      .selectFrom('results')
      .select('sid2')
      .where('run', '=', run)
      .where('round', '=', round)
      .execute();
    const found = await Promise.all(rows.map(({ sid2 }) => this.get(Buffer.from(sid2, 'hex'))));
    return found.filter((result) => result !== undefined);
  }

  /** Undefined once it is not kept any longer. */
  async transcript(sid2: Uint8Array): Promise<Transcript | undefined> {
    const row = await this.#database.rows
      .selectFrom('transcripts')
      .select('body')
      .where('sid2', '=', toHex(sid2))
      .executeTakeFirst();
    return row === undefined ? undefined : (decodeRecord(columnBytes(row.body)) as Transcript);
  }

  /** Whether it is kept still. */
  async hasTranscript(sid2: Uint8Array): Promise<boolean> {
    const row = await this.#database.rows
      .selectFrom('transcripts')
      .select('sid2')
      .where('sid2', '=', toHex(sid2))
      .executeTakeFirst();
    return row !== undefined;
  }

  /** In the transaction of the event that a model was published with the sums of this round. */
  async setModel(
    transaction: Transaction<Tables>,
    { run, round }: { readonly run: string; readonly round: number },
    model: PublishedHash,
  ): Promise<void> {
    await transaction
      .updateTable('results')
      .set({ model_version: model.version, model_hash: model.hash })
      .where('run', '=', run)
      .where('round', '=', round)
      .execute();
  }

  /** Hashes of the models that were published with these sums, by version: `from` to `to`, both included. */
  async models(run: string, from: number, to: number): Promise<ReadonlyMap<number, Uint8Array>> {
    const rows = await this.#database.rows
      .selectFrom('results')
      .select(['model_version', 'model_hash'])
      .distinct()
      .where('run', '=', run)
      .where('model_version', '>=', Math.max(1, from))
      .where('model_version', '<=', to)
      .execute();
    return new Map(
      rows.flatMap(({ model_version: version, model_hash: hash }) =>
        hash === null ? [] : [[version, columnBytes(hash)] as const],
      ),
    );
  }

  async putVerdict(
    transaction: Transaction<Tables>,
    sid2: Uint8Array,
    participant: string,
    { kind, statement }: Verdict,
  ): Promise<void> {
    await transaction
      .insertInto('verdicts')
      .values({ sid2: toHex(sid2), participant, kind, body: statement.body, signature: statement.signature })
      .execute();
  }

  /**
   * A round of any run is over: every transcript but its own has one round less to live.
   *
   * @returns rounds whose last transcript was destroyed.
   */
  endRound(run: string, round: number): Promise<{ readonly run: string; readonly round: number }[]> {
    return this.#writes.do('coordinator.transcripts-ended', () => this.#endRound(run, round));
  }

  async #endRound(run: string, round: number): Promise<{ readonly run: string; readonly round: number }[]> {
    const rounds = await this.#database.transaction(async (transaction) => {
      await transaction
        .updateTable('transcripts')
        .set(({ eb }) => ({ remaining: eb('remaining', '-', 1) }))
        .where(({ eb, or }) => or([eb('run', '!=', run), eb('round', '!=', round)]))
        .execute();
      const over = transaction
        .selectFrom('transcripts')
        .select(['run', 'round'])
        .distinct()
        .where('remaining', '<=', 0);
      const rounds = await over.execute();
      await transaction.deleteFrom('transcripts').where('remaining', '<=', 0).execute();
      return rounds;
    });
    if (rounds.length > 0) await this.#database.purge();
    return rounds;
  }

  /** Rounds of a run whose transcripts are kept. */
  async keptRounds(run: string): Promise<number[]> {
    const rows = await this.#database.rows
      .selectFrom('transcripts')
      .select('round')
      .distinct()
      .where('run', '=', run)
      .execute();
    return rows.map(({ round }) => round);
  }

  async #verdicts(sid2: string): Promise<ReadonlyMap<string, Verdict>> {
    const rows = await this.#database.rows.selectFrom('verdicts').selectAll().where('sid2', '=', sid2).execute();
    return new Map(
      rows.map(({ participant, kind, body, signature }) => [
        participant,
        { kind: kind as VerdictKind, statement: { body: columnBytes(body), signature: columnBytes(signature) } },
      ]),
    );
  }
}
