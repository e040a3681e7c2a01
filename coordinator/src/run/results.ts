import {
  bounds,
  type CryptoPort,
  chunkCount,
  equalBytes,
  FederatedError,
  type ReleaseTally,
  type ResultTally,
  type RoundSum,
  refusal,
  releaseOf,
  requireChunks,
  type ServedChunk,
  type SessionCodec,
  type Signed,
  type Signer,
  signBody,
  survivorOf,
  type Transcript,
  takeVerdict,
  tallyOf,
  toHex,
  type Verdict,
} from '@concordat/core';
import type { CurrentModel, ShownResult } from '@concordat/proto';
import type { Logger } from 'pino';
import type { StoredResult, TalliedRelease } from '../store/results.js';
import type { Store } from '../store/store.js';
import { readChunks } from '../store/vector-file.js';
import { encodeRecord } from './record-json.js';
import { RoundSums } from './round-sums.js';
import { resultEvents } from './run-journal.js';

export interface ResultDeskOptions {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly codec: SessionCodec;
  /** The coordinator's identity. */
  readonly signer: Signer;
  readonly log: Logger;
}

/** A verdict that changed where a release stands. */
export interface VerdictNews {
  readonly run: string;
  readonly round: number;
  readonly modelVersion: number;
  readonly participant: string;
  readonly release: ReleaseTally;
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

  /** Begin to keep the sums of a round. A round that is opened again after a restart has the same. */
  openRound(run: string, round: number): RoundSums {
    return new RoundSums(this.#options, run, round);
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
    const { aggregate, threshold, modelHash } = result;
    const current = await this.#currentModel(result, transcript);
    const { signed, disputed } = tallyOf(this.#options, result);
    return {
      aggregate,
      transcript,
      threshold,
      signed,
      disputed: disputed.map((one) => one.participant),
      groups: (await this.#talliesOf(result)).map(({ tally }) => ({
        threshold: tally.threshold,
        signed: tally.signed.length,
        disputed: tally.disputed.length,
      })),
      ...(modelHash === undefined ? {} : { modelHash }),
      ...(current === undefined ? {} : { current }),
    };
  }

  /** The model that the mean was applied to; undefined where that is the one it was trained from. */
  async #currentModel({ run, modelVersion }: StoredResult, transcript: Transcript): Promise<CurrentModel | undefined> {
    const version = modelVersion - 1;
    const { baseModelHash } = this.#options.codec.config.decode(transcript.config);
    const models = await this.#options.store.results.models(run, version - bounds.stalenessMax, version);
    const hash = models.get(version);
    if (hash === undefined || equalBytes(hash, baseModelHash)) return undefined;
    const base = [...models].find(([, other]) => equalBytes(other, baseModelHash))?.[0] ?? 0;
    return { hash, staleness: version - base };
  }

  /**
   * The chunks asked for: of the sum, then of every vector in it.
   *
   * @throws `refused` `result.unknown`, `result.survivor`; `invalid-argument` `check.chunks`; `unavailable` while another stream of this
   *   participant is open.
   */
  async *chunks(participant: string, sid2: Uint8Array, chunks: readonly number[]): AsyncGenerator<ServedChunk> {
    const result = await this.#require(participant, sid2);
    const { run, round, survivors } = result;
    const { spool } = this.#options.store;
    yield* this.#serve(participant, result, chunks, [
      { path: spool.sumPath(result), source: {} },
      ...survivors.map((one) => ({ path: spool.path({ run, round, ...one }), source: { survivor: one.index } })),
    ]);
  }

  /**
   * The chunks asked for, of the sum of another group of the round: the coordinator that everybody must take for a liar knows it anyway.
   * Nothing else of that group is served.
   *
   * @param sid2 of the session that the participant survived.
   * @throws as {@link chunks}; `refused` `result.unknown` when no sum of that group is in the round's.
   */
  async *groupChunks(
    participant: string,
    sid2: Uint8Array,
    wanted: { readonly group: number; readonly chunks: readonly number[] },
  ): AsyncGenerator<ServedChunk> {
    const own = await this.#require(participant, sid2);
    const sum = this.#sumsOf(own).find(({ group }) => group === wanted.group);
    const other = sum === undefined ? undefined : await this.#options.store.results.get(sum.sid2);
    if (other === undefined) throw unknown(sum?.sid2 ?? sid2);
    const { spool } = this.#options.store;
    yield* this.#serve(participant, other, wanted.chunks, [{ path: spool.sumPath(other), source: {} }]);
  }

  async *#serve(
    participant: string,
    { sid2, lengthBytes }: StoredResult,
    chunks: readonly number[],
    sources: readonly { readonly path: string; readonly source: { readonly survivor?: number } }[],
  ): AsyncGenerator<ServedChunk> {
    const { results } = this.#options.store;
    requireChunks(chunks, chunkCount({ lengthBytes }));
    if (this.#serving.has(participant)) {
      throw new FederatedError('unavailable', 'another check of this participant is under way', {
        detail: { participant },
        fix: 'Wait for it to end.',
      });
    }
    this.#serving.add(participant);
    try {
      for (const { path, source } of sources) {
        // What is destroyed meanwhile is not served from files that are still there.
        if (!(await results.hasTranscript(sid2))) throw unknown(sid2);
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
  async releases(run: string, most: number): Promise<TalliedRelease[]> {
    const { results } = this.#options.store;
    const rounds = await results.newest(run, most);
    return Promise.all(
      rounds.map(async (round) => {
        const sums = await results.ofRound(run, round);
        const [{ modelVersion }] = sums as [StoredResult];
        return { round, modelVersion, ...releaseOf(this.#tallied(sums)) };
      }),
    );
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
    await store.journal.append([this.#event(before, 'verdict', { sid2, participant, verdict })], {
      writes: ['coordinator.receipt'],
      write: async (transaction) => {
        await store.results.putVerdict(transaction, sid2, participant, verdict);
        await store.receipts.put(transaction, key, { contentDigest, ...receipt });
      },
    });
    const release = releaseOf(await this.#talliesOf(before));
    if (verdict.kind === 'disputed') log.error({ run, round, participant, sid2: toHex(sid2) }, 'a sum is disputed');
    this.#onVerdict({ run, round, modelVersion, participant, release });
    return receipt;
  }

  /** Of the sums of its round, in the order of the aggregate. */
  async #talliesOf({ run, round }: StoredResult) {
    return this.#tallied(await this.#options.store.results.ofRound(run, round));
  }

  #tallied(sums: readonly StoredResult[]): readonly { readonly group: number; readonly tally: ResultTally }[] {
    const bySid = new Map(sums.map((sum) => [toHex(sum.sid2), sum]));
    return this.#sumsOf(sums[0]!).map(({ group, sid2 }) => {
      return { group, tally: tallyOf(this.#options, bySid.get(toHex(sid2))!) };
    });
  }

  #sumsOf({ aggregate }: StoredResult): readonly RoundSum[] {
    return this.#options.codec.aggregate.decode(aggregate.body).sums;
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

function unknown(sid2: Uint8Array): FederatedError {
  return refusal('result.unknown', 'no transcript of this session is kept here', {
    required: 'a session whose sum was opened within the last rounds',
    offered: toHex(sid2),
  });
}
