import {
  type CryptoPort,
  equalBytes,
  FederatedError,
  fromBitmap,
  type SessionCodec,
  type Signed,
  type Signer,
  type SumOrder,
  signAggregate,
  toHex,
  vectorRoot,
} from '@concordat/core';
import type { Store } from '../store/store.js';
import { encodeRecord } from './record-json.js';
import { resultEvents } from './run-journal.js';

export interface RoundSumsOptions {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly codec: SessionCodec;
  /** The coordinator's identity. */
  readonly signer: Signer;
}

interface KeptSum {
  readonly group: number;
  readonly order: SumOrder;
  readonly resultHash: Uint8Array;
}

/**
 * The sums of one round, kept as they are opened, one of each group. They count when the round is closed, all of them or none: then the
 * coordinator has signed which sums it was made of.
 */
export class RoundSums {
  readonly #options: RoundSumsOptions;
  readonly #run: string;
  readonly #round: number;
  readonly #sums: KeptSum[] = [];

  constructor(options: RoundSumsOptions, run: string, round: number) {
    this.#options = options;
    this.#run = run;
    this.#round = round;
  }

  /**
   * Keep a sum, durable when it resolves. One that was opened again after a restart is the same.
   *
   * @param sum packed; not changed.
   * @throws `internal` when it is another one.
   */
  async add({ group, sum: order }: { readonly group: number; readonly sum: SumOrder }, sum: Uint8Array): Promise<void> {
    const { store, crypto } = this.#options;
    const { sid2 } = order;
    const before = await store.results.get(sid2);
    // The rows are written last: with them the sums of an earlier process are whole on the disk.
    if (before !== undefined) requireSame(before.resultHash, vectorRoot(crypto, sum));
    const place = { run: this.#run, round: this.#round, sid2 };
    const resultHash = before?.resultHash ?? (await store.spool.putSum(place, sum));
    this.#sums.push({ group, order, resultHash });
  }

  /**
   * Sign which sums there are, and write them down with their transcripts in one transaction.
   *
   * @param rounds after this one for which survivors may check them.
   * @throws `internal` when an earlier process wrote down others.
   */
  async close(rounds: number): Promise<void> {
    const { store } = this.#options;
    const [run, round] = [this.#run, this.#round];
    const sums = [...this.#sums].sort((a, b) => a.group - b.group);
    const aggregate = signAggregate(this.#options, {
      runId: run,
      round,
      sums: sums.map(({ group, order, resultHash }) => {
        return { group, sid2: order.sid2, resultHash, survivors: order.survivors.length };
      }),
    });
    const before = await store.results.ofRound(run, round);
    if (before.length > 0) {
      const digest = ({ body }: Signed) => this.#options.crypto.sha256(body);
      for (const known of before) requireSame(digest(known.aggregate), digest(aggregate));
      return;
    }
    const event = { run, round, kind: `${resultEvents}opened`, body: encodeRecord({ aggregate }) };
    await store.journal.append([event], {
      write: async (transaction) => {
        for (const { order, resultHash } of sums) {
          const { sid2, threshold, layout, transcript } = order;
          const { lengthBytes } = layout;
          const survivors = this.#survivorsOf(order);
          const result = { sid2, run, round, threshold, lengthBytes, survivors, resultHash, aggregate };
          await store.results.put(transaction, result, { transcript, rounds });
        }
      },
    });
  }

  /** With their places in the cohort. */
  #survivorsOf({ survivors, transcript }: SumOrder) {
    const { certificate, adverts } = transcript;
    const statement = this.#options.codec.survivors.decode(certificate.body);
    const indexes = fromBitmap(adverts.length, statement.survivors);
    return survivors.map(({ participant, publicKey }, at) => ({ participant, publicKey, index: indexes[at]! }));
  }
}

function requireSame(before: Uint8Array, now: Uint8Array): void {
  if (equalBytes(before, now)) return;
  throw new FederatedError('internal', 'a sum that was opened again is another one: the spool was changed', {
    detail: { required: toHex(before), offered: toHex(now) },
  });
}
