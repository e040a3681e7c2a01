import { bounds, toHex } from '@concordat/core';
import { chunkToWire, type wire } from '@concordat/proto';
import type { BlobStore } from '../store/blobs.js';

/** 3 MB: participants of a round are seldom further apart. */
const keptMax = 64;

/** What of a blob goes in one message. */
interface Place {
  readonly digest: Uint8Array;
  readonly offset: number;
  /** At most `bounds.chunkBytes`. */
  readonly length: number;
  /** Of the whole blob, when the message says it. */
  readonly sizeBytes?: number;
}

/** A message that is encoded, with the bytes of the blob in it. */
export interface EncodedPiece {
  readonly encoded: Buffer;
  readonly payloadBytes: number;
}

/**
 * The messages that blobs are sent in. All participants of a round fetch the same model at once: a message that was wanted lately is kept,
 * so that it is read and encoded once and not a hundred times. A blob never changes, so what is kept is never wrong.
 */
export class BlobPieces {
  readonly #blobs: Pick<BlobStore, 'readAt'>;
  readonly #encode: (message: wire.BlobChunk) => Buffer;
  /** Those wanted last are last. */
  readonly #kept = new Map<string, Promise<EncodedPiece>>();

  constructor(blobs: Pick<BlobStore, 'readAt'>, encode: (message: wire.BlobChunk) => Buffer) {
    this.#blobs = blobs;
    this.#encode = encode;
  }

  /**
   * The messages from byte `offset` on, at least one. The first says how long the blob is. They are shared: nobody changes them.
   *
   * @param sizeBytes of the blob. @param offset 0 to it.
   */
  async *from(digest: Uint8Array, offset: number, sizeBytes: number): AsyncGenerator<EncodedPiece> {
    let at = offset;
    do {
      // Who goes on somewhere in between wants the same pieces as the others from the next on.
      const end = Math.min(sizeBytes, (Math.floor(at / bounds.chunkBytes) + 1) * bounds.chunkBytes);
      const head = at === offset ? { sizeBytes } : {};
      yield await this.#get({ digest, offset: at, length: end - at, ...head });
      at = end;
    } while (at < sizeBytes);
  }

  #get(place: Place): Promise<EncodedPiece> {
    const name = `${toHex(place.digest)} ${place.offset} ${place.sizeBytes}`;
    const piece = this.#kept.get(name) ?? this.#make(place);
    this.#kept.delete(name);
    this.#kept.set(name, piece);
    piece.catch(() => this.#kept.delete(name));
    if (this.#kept.size > keptMax) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest!);
    }
    return piece;
  }

  async #make({ digest, offset, length, sizeBytes }: Place): Promise<EncodedPiece> {
    const data = length === 0 ? new Uint8Array(0) : await this.#blobs.readAt(digest, offset, length);
    const chunk = data.length === 0 ? {} : { chunk: chunkToWire(offset, data) };
    const encoded = this.#encode({ ...(sizeBytes === undefined ? {} : { sizeBytes }), ...chunk });
    return { encoded, payloadBytes: data.length };
  }
}
