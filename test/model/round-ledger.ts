import {
  type CryptoPort,
  type Layout,
  type ParticipantRecord,
  type ParticipationRecord,
  type SessionCodec,
  type SessionReply,
  type SumOrder,
  toHex,
} from '@concordat/core';
import type { Measure } from './measures.js';
import { SessionLedger } from './session-ledger.js';
import { must } from './violation.js';

/** Uploads that a policy allows on one base model. */
const contributionsPerBase = 3;

/** What participants sent and what was opened, over all rounds of a run. Each round has at most one root for each participant. */
export class RoundLedger {
  readonly #ports: { readonly crypto: CryptoPort; readonly codec: SessionCodec };
  readonly #colluders: number;
  readonly #sessions = new Map<number, SessionLedger>();
  /** `participant/base` → rounds in which it uploaded. */
  readonly #uploads = new Map<string, Set<number>>();
  /** `participant/base` → the round in which it signed survivors. */
  readonly #signed = new Map<string, number>();
  /** `participant/base` whose metrics left, with the round. */
  readonly #metrics = new Map<string, number>();
  /** sid2 → the updates in the sum. */
  readonly #opened = new Map<string, readonly string[]>();
  #published = 0;

  constructor(
    ports: { readonly crypto: CryptoPort; readonly codec: SessionCodec },
    options: { readonly colluders: number },
  ) {
    this.#ports = ports;
    this.#colluders = options.colluders;
  }

  /** A reply leaves `from`. `records` are all that it has journalled. */
  reply(from: string, round: number, frame: SessionReply, records: readonly ParticipationRecord[]): void {
    this.#session(round).reply(from, frame, sessionRecords(records, round));
    const base = `${from}/${baseOf(records, round)}`;
    if (frame.type === 'upload') {
      const signedIn = this.#signed.get(base) ?? round;
      must(
        signedIn === round || has(records, signedIn, 'abort-certified'),
        'P7-signed-base',
        () => `${from} uploads in ${round} on a base it signed for in ${signedIn}`,
      );
      const rounds = (this.#uploads.get(base) ?? new Set<number>()).add(round);
      this.#uploads.set(base, rounds);
      const counted = [...rounds].filter((other) => other === round || !isFree(records, other)).length;
      must(
        counted <= contributionsPerBase,
        'contributions',
        () => `${from} uploads on one base in ${counted} rounds that may count it`,
      );
    }
    if (frame.type === 'certify') {
      const latest = Math.max(...(this.#uploads.get(base) ?? [round]));
      must(latest === round, 'P7-left', () => `${from} signs for ${round} and has uploaded on its base in ${latest}`);
      this.#signed.set(base, round);
    }
  }

  /** A masked vector leaves `from`. */
  vector(
    from: string,
    upload: {
      readonly round: number;
      readonly sid2: Uint8Array;
      readonly vector: Uint8Array;
      readonly measure: Measure;
    },
    records: readonly ParticipationRecord[],
  ): void {
    const { round, sid2, vector, measure } = upload;
    this.#session(round).vector(from, sid2, vector, measure);
    if (measure.metrics !== true) return;
    const key = `${from}/${baseOf(records, round)}`;
    const before = this.#metrics.get(key) ?? round;
    must(
      before === round || isFree(records, before),
      'metrics-twice',
      () => `${from} measures one base in rounds ${before} and ${round}`,
    );
    this.#metrics.set(key, round);
  }

  /** A sum is opened: each update is in one sum at most, ever. */
  sum(round: number, order: SumOrder, layout: Layout, sum: readonly Int32Array[]): void {
    const updates = this.#session(round)
      .sum(order, layout, sum)
      .map(({ place, serial }) => `${place}/${serial}`);
    const name = toHex(order.sid2);
    for (const [other, counted] of this.#opened) {
      const twice = other === name ? undefined : updates.find((update) => counted.includes(update));
      must(twice === undefined, 'P7', () => `update ${twice} is in two opened sums`);
    }
    this.#opened.set(name, updates);
  }

  /** A model is published. */
  published(modelVersion: number): void {
    must(modelVersion === this.#published + 1, 'publication', () => `version ${modelVersion} after ${this.#published}`);
    this.#published = modelVersion;
  }

  #session(round: number): SessionLedger {
    const known = this.#sessions.get(round) ?? new SessionLedger(this.#ports, { colluders: this.#colluders });
    this.#sessions.set(round, known);
    return known;
  }
}

function sessionRecords(records: readonly ParticipationRecord[], round: number): readonly ParticipantRecord[] {
  return records.flatMap((record) => (record.type === 'session' && record.round === round ? [record.record] : []));
}

/** The journal proves that no sum of that round can hold the update: an abort certificate, or a certificate that leaves it out. */
function isFree(records: readonly ParticipationRecord[], round: number): boolean {
  const leftOut = sessionRecords(records, round).some((record) => record.type === 'revealed' && !record.included);
  return leftOut || has(records, round, 'abort-certified');
}

function has(records: readonly ParticipationRecord[], round: number, type: ParticipantRecord['type']): boolean {
  return sessionRecords(records, round).some((record) => record.type === type);
}

function baseOf(records: readonly ParticipationRecord[], round: number): string {
  const entered = records.find((record) => record.type === 'session-entered' && record.round === round);
  must(entered?.type === 'session-entered', 'unentered', () => `round ${round}`);
  return toHex(entered.baseModelHash);
}
