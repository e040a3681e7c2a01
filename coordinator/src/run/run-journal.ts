import { type AnswerStep, type CoordinationRecord, FederatedError, type Signed } from '@concordat/core';
import type { Transaction } from 'kysely';
import type { Tables } from '../store/database.js';
import type { JournalEntry } from '../store/journal.js';
import type { RunRecord } from '../store/records.js';
import type { PublishedHash } from '../store/results.js';
import type { Store } from '../store/store.js';
import { decodeRecord, encodeRecord } from './record-json.js';

/** A receipt to be written with the records it acknowledges. */
export interface PendingReceipt {
  readonly round: number;
  readonly step: AnswerStep;
  readonly participant: string;
  readonly contentDigest: Uint8Array;
  readonly receipt: Signed;
  /** With a receipt of `ready`. */
  readonly baseModelHash: Uint8Array | undefined;
}

/** Kinds of the events about opened sums begin so: they follow a run's rounds, and nothing of the run follows from them. */
export const resultEvents = 'result/';

/** What one run makes durable, in one transaction: records in the journal, `input` records of sessions beside it, receipts. */
export class RunJournal {
  readonly #store: Store;
  readonly #run: string;
  #entries: JournalEntry[] = [];
  #inputs: { readonly round: number; readonly body: Uint8Array }[] = [];
  #receipts: PendingReceipt[] = [];
  #over: number[] = [];
  #started: RunRecord | undefined;
  #published: { readonly round: number; readonly model: PublishedHash }[] = [];

  constructor(store: Store, run: string) {
    this.#store = store;
    this.#run = run;
  }

  /** The run begins: its row is written with the record that says so. */
  begin(row: RunRecord): void {
    this.#started = row;
  }

  /** To be written at the next `flush`. */
  note(record: CoordinationRecord): void {
    const round = 'round' in record ? record.round : record.type === 'round-ended' ? record.record.round : 0;
    if (record.type === 'session' && record.record.type === 'input') {
      this.#inputs.push({ round, body: encodeRecord(record) });
      return;
    }
    if (record.type === 'round-ended' && record.record.outcome.type === 'published') {
      const { modelVersion: version, modelHash: hash } = record.record.outcome;
      this.#published.push({ round, model: { version, hash } });
    }
    this.#entries.push({ run: this.#run, round, kind: kindOf(record), body: encodeRecord(record) });
  }

  acknowledge(receipt: PendingReceipt): void {
    this.#receipts.push(receipt);
  }

  /** The session of this round is over: what restores it goes. */
  forget(round: number): void {
    this.#over.push(round);
  }

  /** One transaction, durable when it returns; nothing is kept when it fails. */
  async flush(): Promise<void> {
    const [entries, inputs, receipts, over] = [this.#entries, this.#inputs, this.#receipts, this.#over];
    const published = this.#published;
    if (entries.length + inputs.length + receipts.length + over.length === 0) return;
    this.#entries = [];
    this.#inputs = [];
    this.#receipts = [];
    this.#over = [];
    this.#published = [];
    const isStart = entries.some(({ kind }) => kind === 'run-started');
    const row = isStart ? this.#started : undefined;
    const writes = [
      ...(inputs.length > 0 ? (['coordinator.session-input'] as const) : []),
      ...(receipts.length > 0 ? (['coordinator.receipt'] as const) : []),
      ...(over.length > 0 ? (['coordinator.session-over'] as const) : []),
    ];
    const { journal, sessionAnswers, receipts: stored, runs, results } = this.#store;
    const write = async (transaction: Transaction<Tables>) => {
      if (row !== undefined) await runs.begin(transaction, row);
      for (const { round, model } of published) {
        await runs.advance(transaction, this.#run, model);
        await results.setModel(transaction, { run: this.#run, round }, model);
      }
      for (const { round, body } of inputs) await sessionAnswers.put(transaction, this.#run, round, body);
      for (const { receipt, contentDigest, baseModelHash, ...key } of receipts) {
        await stored.put(transaction, { run: this.#run, ...key }, { contentDigest, ...receipt });
        if (baseModelHash !== undefined) await stored.putBaseModel(transaction, contentDigest, baseModelHash);
      }
      for (const round of over) await sessionAnswers.remove(transaction, this.#run, round);
    };
    await journal.append(entries, { writes, write });
  }

  /**
   * Everything written so far: the journal in its order, then what changed the sessions that are still open.
   *
   * @throws `state-lost` for a record this version does not know.
   */
  async records(): Promise<CoordinationRecord[]> {
    const events = await this.#store.journal.eventsOf(this.#run);
    const inputs = await this.#store.sessionAnswers.of(this.#run);
    const own = events.filter(({ kind }) => !kind.startsWith(resultEvents));
    return [...own.map(({ body }) => body), ...inputs].map((body) => this.#recordOf(body));
  }

  #recordOf(body: Uint8Array): CoordinationRecord {
    const record = decodeRecord(body);
    if (typeof record === 'object' && record !== null && 'type' in record) {
      if (knownTypes.has(String(record.type))) return record as CoordinationRecord;
    }
    throw new FederatedError('state-lost', `the journal of run ${this.#run} holds a record of another version`, {
      detail: { run: this.#run },
      fix: 'Start the version of the coordinator that wrote it.',
    });
  }
}

const types: Readonly<Record<CoordinationRecord['type'], true>> = {
  'run-started': true,
  approved: true,
  refused: true,
  'round-started': true,
  'cohort-assigned': true,
  'training-assigned': true,
  'training-over': true,
  'training-left': true,
  session: true,
  'sum-opened': true,
  'round-ended': true,
  pausing: true,
  paused: true,
  resumed: true,
  ending: true,
  finished: true,
};
const knownTypes: ReadonlySet<string> = new Set(Object.keys(types));

function kindOf(record: CoordinationRecord): string {
  if (record.type !== 'session') return record.type;
  return `session/${record.record.type}`;
}
