import {
  type AggregateBody,
  addKeystreams,
  addVector,
  type CheckedTranscript,
  ChunkCheck,
  chunkCount,
  merkleLeaf,
  merklePaths,
  type OwnSession,
  ownSession,
  type ResultBody,
  readTranscript,
  type ServedChunk,
  type Signed,
  type SumOrder,
  signAggregate,
  type Transcript,
  toHex,
  vectorRoot,
} from '@concordat/core';
import { codec, crypto, InMemorySession, type SessionOptions } from './session.js';

const chunkBytes = 49_152;

/** A session that was played to its end, with the sum a coordinator opened of it, and what it serves to whoever checks it. */
export class OpenedSession {
  readonly session: InMemorySession;
  readonly order: SumOrder;
  /** Packed, masks taken out. */
  readonly sum: Uint8Array;
  /** Cohort index → the vector as it was uploaded. */
  readonly vectors: ReadonlyMap<number, Uint8Array>;

  /** One of four participants is lost at its upload unless said. */
  constructor(options: Partial<SessionOptions> = {}) {
    const silentFrom = new Map([['4', 'upload']] as const);
    this.session = new InMemorySession({ participants: 4, silentFrom, ...options }).run();
    if (this.session.sum === undefined) throw new Error('no sum was opened');
    this.order = this.session.sum;
    const { layout, survivors, maskKeys } = this.order;
    const uploaded = survivors.map(({ contentDigest }) => this.session.spool.get(toHex(contentDigest))!);
    const sum = new Uint8Array(layout.lengthBytes);
    for (const vector of uploaded) addVector(layout, sum, vector);
    addKeystreams(crypto, layout, sum, maskKeys);
    this.sum = sum;
    const indexes = survivors.map(({ participant }) => this.cohort.indexOf(participant));
    this.vectors = new Map(indexes.map((index, at) => [index, uploaded[at]!]));
  }

  get transcript(): Transcript {
    return this.order.transcript;
  }

  get cohort(): readonly string[] {
    return this.own('1').participants;
  }

  get resultHash(): Uint8Array {
    return vectorRoot(crypto, this.sum);
  }

  /** What the coordinator signs when this is the only sum of its round. */
  get aggregateBody(): AggregateBody {
    const { sid2, survivors } = this.order;
    const { runId, round } = this.session.config;
    return { runId, round, sums: [{ group: 0, sid2, resultHash: this.resultHash, survivors: survivors.length }] };
  }

  get aggregate(): Signed {
    return signAggregate({ crypto, codec, signer: this.session.coordinator }, this.aggregateBody);
  }

  /** What every statement on this sum is about. */
  get result(): ResultBody {
    const aggregateHash = crypto.sha256(this.aggregate.body);
    return { sid2: this.order.sid2, resultHash: this.resultHash, aggregateHash };
  }

  get count(): number {
    return chunkCount(this.order.layout);
  }

  get publicKeys(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.session.roster].map(([id, { publicKey }]) => [id, publicKey]));
  }

  own(participant: string): OwnSession {
    const own = ownSession(this.session.participantRecords.get(participant)!);
    if (own === undefined) throw new Error(`${participant} has nothing to check`);
    return own;
  }

  /** As a participant reads it. */
  read(
    transcript: Transcript = this.transcript,
    participant = '1',
    own = this.own(participant),
    publicKeys = this.publicKeys,
  ): CheckedTranscript {
    return readTranscript({ crypto, codec }, transcript, { own, publicKeys });
  }

  /** What a coordinator serves for these chunks. @param sum in the place of the true one; with proofs of its own. */
  served(chunks: readonly number[], sum: Uint8Array = this.sum): ServedChunk[] {
    return [
      ...chunksOf(sum, chunks),
      ...[...this.vectors].flatMap(([survivor, vector]) =>
        chunksOf(vector, chunks).map((served) => ({ survivor, ...served })),
      ),
    ];
  }

  /** Check chunks of a sum as a participant does. @returns the chunks as computed. @throws what does not hold. */
  check(
    chunks: readonly number[],
    options: { readonly sum?: Uint8Array; readonly served?: readonly ServedChunk[] } = {},
  ) {
    const { sum = this.sum } = options;
    const check = new ChunkCheck({
      crypto,
      transcript: this.read(),
      resultHash: vectorRoot(crypto, sum),
      chunks,
    });
    for (const served of options.served ?? this.served(chunks, sum)) check.take(served);
    return [...check.compare()];
  }

  /** The sum with one added to the lane that begins at a byte, of `bytes` bytes, little-endian. */
  changedByOne(atByte: number, bytes: number): Uint8Array {
    const changed = this.sum.slice();
    for (let i = 0, carry = 1; i < bytes && carry === 1; i++) {
      const value = changed[atByte + i]! + carry;
      changed[atByte + i] = value & 0xff;
      carry = value >> 8;
    }
    return changed;
  }
}

/** Chunks of a vector with their paths, as whoever signed its root serves them. */
export function chunksOf(vector: Uint8Array, chunks: readonly number[]): Omit<ServedChunk, 'survivor'>[] {
  const pieces = Array.from({ length: Math.ceil(vector.length / chunkBytes) }, (_, i) =>
    vector.slice(i * chunkBytes, (i + 1) * chunkBytes),
  );
  const paths = merklePaths(
    crypto,
    pieces.map((piece) => merkleLeaf(crypto, piece)),
  );
  return chunks.map((chunk) => ({ chunk, data: pieces[chunk]!, path: paths[chunk]! }));
}
