import { equalBytes, toHex } from '../../bytes.js';
import type { CryptoPort } from '../../crypto/port.js';
import { FederatedError } from '../../errors.js';
import { plainKernels } from '../../kernels/plain-kernels.js';
import type { Kernels } from '../../kernels/port.js';
import { bounds } from '../../wire/bounds.js';
import { type Layout, laneBytes } from '../layout.js';
import { addKeystreamsToPart, addToPart } from '../masking.js';
import { merkleLeaf } from '../merkle.js';
import { contradiction } from '../signing.js';
import { chunkBytesAt, chunkCount, requireChunk, type ServedChunk, sumName } from './served-chunk.js';
import type { CheckedTranscript } from './transcript.js';

/** Keystreams of one chunk that are added at once: some milliseconds. */
const masksPerTurn = 128;

export interface ChunkCheckOptions {
  readonly crypto: CryptoPort;
  readonly kernels?: Kernels;
  readonly transcript: CheckedTranscript;
  /** Root over the sum that the coordinator signed. */
  readonly resultHash: Uint8Array;
  /** Chunks to check, ascending. Memory is two chunks for each. */
  readonly chunks: readonly number[];
  /** Number of the secure group that the sum is of, from 1, for people; undefined in a round of one session. */
  readonly group?: number | undefined;
}

/**
 * Compute chosen chunks of a sum anew, and compare. They come in one order: of the sum first, then of every survivor's vector, each
 * ascending. A chunk is kept only until it is added, so the size of the cohort costs no memory.
 *
 * ```ts
 * for await (const served of chunks) check.take(served);
 * for (const chunk of check.compare()) …
 * ```
 */
export class ChunkCheck {
  readonly #options: ChunkCheckOptions;
  readonly #kernels: Kernels;
  readonly #offered: Uint8Array[] = [];
  readonly #computed: Uint8Array[];
  #taken = 0;

  /** @throws `invalid-argument` unless the chunks are ascending and within the vector. */
  constructor(options: ChunkCheckOptions) {
    const { chunks, transcript, kernels = plainKernels } = options;
    requireChunks(chunks, chunkCount(transcript.layout));
    this.#options = options;
    this.#kernels = kernels;
    this.#computed = chunks.map((chunk) => new Uint8Array(chunkBytesAt(transcript.layout, chunk)));
  }

  /** How many chunks come in all. */
  get expected(): number {
    const { chunks, transcript } = this.#options;
    return chunks.length * (1 + transcript.uploads.length);
  }

  /**
   * Take the next one.
   *
   * @throws `malformed` when it is another than the next; `verification` `check.chunk` when it is not under its signed root.
   */
  take(served: ServedChunk): void {
    const { chunks, transcript, resultHash, group } = this.#options;
    const at = this.#taken % chunks.length;
    const source = Math.floor(this.#taken / chunks.length) - 1;
    const upload = transcript.uploads[source];
    if (source >= transcript.uploads.length) throw tooMany(this.expected);
    requireChunk(this.#options.crypto, transcript.layout, served, {
      survivor: upload?.index,
      chunk: chunks[at]!,
      root: upload?.merkleRoot ?? resultHash,
      participant: upload?.participant,
      group,
    });
    if (upload === undefined) this.#offered.push(served.data.slice());
    else addToPart(transcript.layout, this.#partAt(at), served.data, this.#kernels);
    this.#taken += 1;
  }

  /**
   * Take the masks out of every chunk and compare it with the coordinator's. Once, when all were taken. It stops after every
   * {@link masksPerTurn} keystreams, so that a caller can let others run.
   *
   * @returns each chunk as it was computed, in order; undefined where a chunk is not done yet.
   * @throws `malformed` when chunks are missing; `verification` `check.sum` naming chunk, segment, lane and both digests.
   */
  *compare(): Generator<Uint8Array | undefined> {
    const { crypto, transcript, chunks } = this.#options;
    if (this.#taken !== this.expected) {
      throw new FederatedError('malformed', 'chunks that were asked for are missing', {
        detail: { required: this.expected, offered: this.#taken },
      });
    }
    for (const [at, chunk] of chunks.entries()) {
      const { maskKeys, layout } = transcript;
      for (let first = 0; first < maskKeys.length; first += masksPerTurn) {
        if (first > 0) yield undefined;
        const masks = maskKeys.slice(first, first + masksPerTurn);
        addKeystreamsToPart(crypto, layout, this.#partAt(at), masks, this.#kernels);
      }
      this.#requireEqual(chunk, this.#computed[at]!, this.#offered[at]!);
      yield this.#computed[at]!;
    }
  }

  #partAt(at: number) {
    return { bytes: this.#computed[at]!, atByte: this.#options.chunks[at]! * bounds.chunkBytes };
  }

  #requireEqual(chunk: number, computed: Uint8Array, offered: Uint8Array): void {
    if (equalBytes(computed, offered)) return;
    const { crypto, transcript, group } = this.#options;
    const byte = computed.findIndex((value, i) => value !== offered[i]);
    throw contradiction('check.sum', `${sumName(group)} is not the sum of the updates in it`, {
      required: toHex(merkleLeaf(crypto, computed)),
      offered: toHex(merkleLeaf(crypto, offered)),
      sid2: toHex(transcript.sid2),
      ...(group === undefined ? {} : { group }),
      chunk,
      ...laneAt(transcript.layout, chunk * bounds.chunkBytes + byte),
    });
  }
}

function tooMany(required: number): FederatedError {
  return new FederatedError('malformed', 'the chunks do not come as they were asked for', {
    detail: { required, offered: 'one more' },
  });
}

/** Which lane holds a byte: counted in its segment from the guard in front, which is lane 0; behind the last one come pad bytes. */
export function laneAt(layout: Layout, byte: number): { readonly segment: string; readonly lane: number } {
  const { segment, offset } = [...layout.segments].reverse().find((placed) => placed.offset <= byte)!;
  return { segment: segment.name, lane: Math.floor((byte - offset) / laneBytes(segment)) };
}

/**
 * A list of chunks that can be asked for.
 *
 * @throws `invalid-argument` (rule `check.chunks`) unless it is ascending, not empty, not too long and within `count`.
 */
export function requireChunks(chunks: readonly number[], count: number): void {
  const ascending = chunks.every((chunk, at) => Number.isInteger(chunk) && chunk > (chunks[at - 1] ?? -1));
  const within = chunks.length <= bounds.checkChunksMax && (chunks.at(-1) ?? count) < count;
  if (ascending && within) return;
  throw new FederatedError(
    'invalid-argument',
    'the chunks asked for are none, too many, not ascending or out of range',
    {
      detail: {
        rule: 'check.chunks',
        required: `1 to ${bounds.checkChunksMax} chunks, ascending, below ${count}`,
        offered: `${chunks.length} chunks, the last ${chunks.at(-1) ?? 'none'}`,
      },
    },
  );
}
