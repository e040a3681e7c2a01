import {
  type CryptoPort,
  chunkCount,
  equalBytes,
  FederatedError,
  fromBitmap,
  openResult,
  type ResultTally,
  refusal,
  requireChunks,
  type ServedChunk,
  type SessionCodec,
  type Signed,
  type Signer,
  type SumOrder,
  signBody,
  survivorOf,
  takeVerdict,
  tallyOf,
  toHex,
  type Verdict,
  vectorRoot,
} from '@concordat/core';
import type { ShownResult } from '@concordat/proto';
import type { Logger } from 'pino';
import type { StoredResult, TalliedResult } from '../store/results.js';
import type { Store } from '../store/store.js';
import { readChunks } from '../store/vector-file.js';
import { encodeRecord } from './record-json.js';
import { resultEvents } from './run-journal.js';

export interface ResultDeskOptions {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly codec: SessionCodec;
  /** The coordinator's identity. */
  readonly signer: Signer;
  readonly log: Logger;
}

/** A sum that was opened. */
export interface OpenedSum {
  readonly run: string;
  readonly round: number;
  readonly order: SumOrder;
  /** Packed; not changed. */
  readonly sum: Uint8Array;
  /** Rounds after this one for which survivors may check it. */
  readonly rounds: number;
}

/** A verdict that changed where a release stands. */
export interface VerdictNews {
  readonly run: string;
  readonly round: number;
  readonly modelVersion: number;
  readonly participant: string;
  readonly tally: ResultTally;
}

/**
 * Sums that were opened: what survivors are shown to compute them anew, and what they say. It outlives the run, and no run waits for it.
 * Of a session it shows its survivors what the coordinator itself saw, and of vectors outside U3 nothing.
 */
export class ResultDesk {
  readonly #options: ResultDeskOptions;
  /** Participants that are being served chunks: one stream each. */
  readonly #serving = new Set<string>();
  #onVerdict: (news: VerdictNews) => void = () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ResultDeskOptions) {
    this.#options = options;
  }

  /** @param listener told of every verdict that is new, when it is durable. */
  onVerdict(listener: (news: VerdictNews) => void): void {
    this.#onVerdict = listener;
  }

  /** Keep a sum with its transcript, durable when it resolves. A sum that was opened again after a restart is the same. */
  async keep({ run, round, order, sum, rounds }: OpenedSum): Promise<void> {
    const { store, codec } = this.#options;
    const { sid2, threshold, layout, transcript } = order;
    const before = await store.results.get(sid2);
    // The row is written last: with it the sum of an earlier process is whole on the disk.
    if (before !== undefined) return requireSame(before.resultHash, vectorRoot(this.#options.crypto, sum));
    const resultHash = await store.spool.putSum({ run, round, sid2 }, sum);
    const { certificate, adverts } = transcript;
    const indexes = fromBitmap(adverts.length, codec.survivors.decode(certificate.body).survivors);
    const survivors = order.survivors.map(({ participant, publicKey }, at) => ({
      participant,
      publicKey,
      index: indexes[at]!,
    }));
    const { aggregate } = openResult(this.#options, { sid2, resultHash, threshold, survivors });
    const { lengthBytes } = layout;
    const result = { sid2, run, round, threshold, lengthBytes, survivors, resultHash, aggregate };
    await store.journal.append([this.#event(result, 'opened', { sid2, resultHash, aggregate })], (transaction) =>
      store.results.put(transaction, result, { transcript, rounds }),
    );
  }

  /** A model was published with the sums of this round. */
  async published(run: string, round: number, version: number, hash: Uint8Array): Promise<void> {
    await this.#options.store.results.setModel(run, round, { version, hash });
  }

  /** A round is over: transcripts that were kept long enough are destroyed, their vectors with them. */
  async endRound(run: string, round: number): Promise<void> {
    const { store } = this.#options;
    for (const over of await store.results.endRound(run, round)) {
      if ((await store.results.keptRounds(over.run)).includes(over.round)) continue;
      await store.spool.removeRound(over.run, over.round);
    }
  }

  /** @throws `refused` `result.unknown`, `result.survivor`. */
  async show(participant: string, sid2: Uint8Array): Promise<ShownResult> {
    const result = await this.#require(participant, sid2);
    const transcript = await this.#options.store.results.transcript(sid2);
    if (transcript === undefined) throw unknown(sid2);
    const { aggregate, threshold } = result;
    const modelHash = (await this.#options.store.results.isAlone(result)) ? result.modelHash : undefined;
    const { signed, disputed } = tallyOf(this.#options, result);
    return {
      aggregate,
      transcript,
      threshold,
      signed,
      disputed: disputed.map((one) => one.participant),
      ...(modelHash === undefined ? {} : { modelHash }),
    };
  }

  /**
   * The chunks asked for: of the sum, then of every vector in it.
   *
   * @throws `refused` `result.unknown`, `result.survivor`; `invalid-argument` `check.chunks`; `unavailable` while another stream of this
   *   participant is open.
   */
  async *chunks(participant: string, sid2: Uint8Array, chunks: readonly number[]): AsyncGenerator<ServedChunk> {
    const result = await this.#require(participant, sid2);
    const { run, round, survivors, lengthBytes } = result;
    const { spool, results } = this.#options.store;
    requireChunks(chunks, chunkCount(result));
    if (this.#serving.has(participant)) {
      throw new FederatedError('unavailable', 'another check of this participant is under way', {
        detail: { participant },
        fix: 'Wait for it to end.',
      });
    }
    this.#serving.add(participant);
    try {
      const sources = [
        { path: spool.sumPath(result), source: {} },
        ...survivors.map((one) => ({ path: spool.path({ run, round, ...one }), source: { survivor: one.index } })),
      ];
      for (const { path, source } of sources) {
        // What is destroyed meanwhile is not served from files that are still there.
        if ((await results.transcript(sid2)) === undefined) throw unknown(sid2);
        let at = 0;
        for await (const stored of readChunks(this.#options.crypto, path, { lengthBytes, chunks })) {
          yield { ...source, chunk: chunks[at]!, ...stored };
          at += 1;
        }
      }
    } finally {
      this.#serving.delete(participant);
    }
  }

  /**
   * Take a survivor's verdict; the same again gets the same receipt, for ever.
   *
   * @throws `refused` `result.unknown`, `result.survivor`; `verification` `result.…`; `conflict` for a second verdict; `malformed`.
   */
  sign(participant: string, sid2: Uint8Array, verdict: Verdict): Promise<Signed> {
    const done = this.#last.then(() => this.#sign(participant, sid2, verdict));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Where releases of a run stand, newest first, at most `most`. */
  async tallies(run: string, most: number): Promise<TalliedResult[]> {
    const found = await this.#options.store.results.newest(run, most);
    return found.map((result) => ({
      round: result.round,
      modelVersion: result.modelVersion,
      ...tallyOf(this.#options, result),
    }));
  }

  async #sign(participant: string, sid2: Uint8Array, verdict: Verdict): Promise<Signed> {
    const { store, crypto, codec, signer, log } = this.#options;
    const before = await this.#require(participant, sid2);
    const { verdicts } = takeVerdict(this.#options, before, participant, verdict);
    const { run, round, modelVersion } = before;
    const contentDigest = crypto.sha256(verdict.statement.body);
    const key = { run, round, step: verdict.kind, participant };
    const body = codec.receipt.encode({
      runId: run,
      round,
      step: verdict.kind,
      participantId: participant,
      contentDigest,
    });
    const receipt = signBody(crypto, signer, 'CSA1/receipt', body);
    if (verdicts === before.verdicts) return receipt;
    await store.journal.append(
      [this.#event(before, 'verdict', { sid2, participant, verdict })],
      async (transaction) => {
        await store.results.putVerdict(transaction, sid2, participant, verdict);
        await store.receipts.put(transaction, key, { contentDigest, ...receipt });
      },
    );
    const tally = tallyOf(this.#options, { ...before, verdicts });
    if (verdict.kind === 'disputed') log.error({ run, round, participant, sid2: toHex(sid2) }, 'a sum is disputed');
    this.#onVerdict({ run, round, modelVersion, participant, tally });
    return receipt;
  }

  async #require(participant: string, sid2: Uint8Array): Promise<StoredResult> {
    const result = await this.#options.store.results.get(sid2);
    if (result === undefined) throw unknown(sid2);
    survivorOf(result, participant);
    return result;
  }

  #event({ run, round }: Pick<StoredResult, 'run' | 'round'>, kind: string, body: object) {
    return { run, round, kind: `${resultEvents}${kind}`, body: encodeRecord(body) };
  }
}

function requireSame(before: Uint8Array, now: Uint8Array): void {
  if (equalBytes(before, now)) return;
  throw new FederatedError('internal', 'a sum that was opened again is another one: the spool was changed', {
    detail: { required: toHex(before), offered: toHex(now) },
  });
}

function unknown(sid2: Uint8Array): FederatedError {
  return refusal('result.unknown', 'no transcript of this session is kept here', {
    required: 'a session whose sum was opened within the last rounds',
    offered: toHex(sid2),
  });
}
