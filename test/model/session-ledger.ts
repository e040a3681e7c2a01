import {
  type CryptoPort,
  equalBytes,
  type Layout,
  type ParticipantRecord,
  type SessionCodec,
  type SessionReply,
  type SumOrder,
  signedOf,
  thresholdOf,
  toHex,
} from '@concordat/core';
import { countsIn, countsWanted, type Measure } from './measures.js';
import { must } from './violation.js';

/** Everything that ever left a participant, and everything that was opened; every entry is checked against those before it. */
export class SessionLedger {
  readonly #crypto: CryptoPort;
  readonly #codec: SessionCodec;
  readonly #colluders: number;
  /** `participant/step` → the one body. */
  readonly #bodies = new Map<string, Uint8Array>();
  /** `participant/sid2` → digest of the one vector, and what was measured in it. */
  readonly #vectors = new Map<string, { readonly digest: string; readonly measure: Measure }>();
  /** sid → the statement that every reveal is about. */
  readonly #revealedOn = new Map<string, string>();
  /** `sid/dealer/kind` → who revealed. */
  readonly #shares = new Map<string, Set<number>>();
  /** `participant/sid/dealer` → kind. */
  readonly #kinds = new Map<string, string>();
  /** Sids of which somebody believes an abort certificate. */
  readonly #aborted = new Set<string>();
  #opened: string | undefined;

  constructor(
    ports: { readonly crypto: CryptoPort; readonly codec: SessionCodec },
    options: { readonly colluders: number },
  ) {
    this.#crypto = ports.crypto;
    this.#codec = ports.codec;
    this.#colluders = options.colluders;
  }

  /** A reply leaves `from`. `records` are what it has journalled by now. */
  reply(from: string, frame: SessionReply, records: readonly ParticipantRecord[]): void {
    const { body } = signedOf(frame);
    const key = `${from}/${frame.type}`;
    const before = this.#bodies.get(key);
    must(
      before === undefined || equalBytes(before, body),
      `one-${frame.type}`,
      () => `${from} sent two different ones`,
    );
    this.#bodies.set(key, body.slice());
    this.#mustChoose(from, frame.type, before === undefined);
    if (frame.type === 'reveal') this.#reveal(from, body, records);
  }

  /** `from` believes an abort certificate. */
  aborted(from: string, sid: Uint8Array): void {
    this.#aborted.add(toHex(sid));
    must(!this.#isOpened(toHex(sid)), 'abort-and-opening', () => `${from} holds an abort of a session that was opened`);
  }

  /** A masked vector leaves `from`. */
  vector(from: string, sid2: Uint8Array, vector: Uint8Array, measure: Measure): void {
    const key = `${from}/${toHex(sid2)}`;
    const digest = toHex(this.#crypto.sha256(vector));
    const before = this.#vectors.get(key);
    must(before === undefined || before.digest === digest, 'one-vector', () => `${from} masked two vectors alike`);
    this.#vectors.set(key, { digest, measure });
  }

  /** A sum is opened and decoded. @returns the updates in it. */
  sum(order: SumOrder, layout: Layout, sum: readonly Int32Array[]): readonly Measure[] {
    const name = `${toHex(order.sid2)} ${order.survivors.map((one) => one.participant).join()}`;
    must(this.#opened === undefined || this.#opened === name, 'one-sum', () => 'two different sums of one session');
    this.#opened = name;
    const sid = [...this.#aborted].find((one) => this.#isOpened(one));
    must(
      sid === undefined,
      'abort-and-opening',
      () => `a session is opened of which an abort certificate exists: ${sid}`,
    );
    for (const { participant } of order.survivors) {
      const known = this.#bodies.has(`${participant}/upload`);
      must(known, 'sum-of-strangers', () => `${participant} is in the sum and uploaded nothing`);
    }
    const measures = order.survivors.map(({ participant }) => {
      const entry = this.#vectors.get(`${participant}/${toHex(order.sid2)}`);
      must(
        entry !== undefined,
        'sum-of-strangers',
        () => `${participant} is in the sum without a vector under its sid2`,
      );
      return entry.measure;
    });
    for (const { segment, counts } of countsIn(layout, sum)) {
      const lanes = countsWanted(segment, measures);
      must(same(counts, lanes), 'sum-exact', () => `counted ${listed(counts)} where ${listed(lanes)} were uploaded`);
    }
    return measures;
  }

  /** Reveal or abort, for ever; and no survivors after an abort. A call under way before may still be repeated. */
  #mustChoose(from: string, type: SessionReply['type'], first: boolean): void {
    const did = (other: string): boolean => this.#bodies.has(`${from}/${other}`);
    must(!(did('abort') && did('reveal')), 'abort-and-reveal', () => `${from} signed abort and revealed`);
    const late = type === 'certify' && first && did('abort');
    must(!late, 'statement-after-abort', () => `${from} signs survivors after it signed abort`);
  }

  /** Of the sum that was opened, the sid is known from those who revealed for it. */
  #isOpened(sid: string): boolean {
    const statement = this.#revealedOn.get(sid);
    return statement !== undefined && this.#opened?.split(' ')[0] === statement.split('/')[0];
  }

  #reveal(from: string, body: Uint8Array, records: readonly ParticipantRecord[]): void {
    const { sid2, inputsHash, participant, shares } = this.#codec.reveal.decode(body);
    const accepted = records.find((record) => record.type === 'cohort-accepted');
    must(accepted !== undefined, 'reveal-without-cohort', () => from);
    const [sid, cohort] = [toHex(accepted.sid), accepted.participants];
    const statement = `${toHex(sid2)}/${toHex(inputsHash)}`;
    const agreed = this.#revealedOn.get(sid) ?? statement;
    must(agreed === statement, 'P4', () => `${from} reveals on another statement than those before it`);
    this.#revealedOn.set(sid, statement);
    for (const { dealer, kind } of shares) {
      const slot = `${from}/${sid}/${dealer}`;
      must((this.#kinds.get(slot) ?? kind) === kind, 'P1', () => `${from} released both shares of dealer ${dealer}`);
      this.#kinds.set(slot, kind);
      const key = `${sid}/${dealer}/${kind}`;
      this.#shares.set(key, (this.#shares.get(key) ?? new Set<number>()).add(participant));
      this.#mustStayHidden(sid, dealer, cohort.length);
    }
  }

  /** With everything c colluders hold, nobody may have T shares of both secrets of one dealer. */
  #mustStayHidden(sid: string, dealer: number, cohort: number): void {
    const threshold = thresholdOf(cohort, this.#colluders);
    const known = (kind: string): number => {
      const revealed = this.#shares.get(`${sid}/${dealer}/${kind}`) ?? new Set<number>();
      for (let colluder = cohort - this.#colluders; colluder < cohort; colluder++) revealed.add(colluder);
      return revealed.size;
    };
    const both = known('self') >= threshold && known('mask') >= threshold;
    must(!both, 'both-secrets', () => `both secrets of dealer ${dealer} can be rebuilt`);
  }
}

function same(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([key, count]) => b.get(key) === count);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([key, count]) => `${key}×${count}`)
    .sort()
    .join(' ');
}
