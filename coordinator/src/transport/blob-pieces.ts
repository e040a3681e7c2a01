import { bounds, toHex } from '@concordat/core';
import { blobMessage, type wire } from '@concordat/proto';
import type { BlobStore, OpenBlob } from '../store/blobs.js';

/** 3 MB: participants of a round are seldom further apart. */
const keptMax = 64;

/** What of a blob goes in one message. */
interface Place {
  readonly digest: Uint8Array;
  readonly offset: number;
  /** 1 to `bounds.chunkBytes`. */
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
  readonly #blobs: Pick<BlobStore, 'open'>;
  readonly #encode: (message: wire.BlobChunk) => Buffer;
  /** Those wanted last are last. */
  readonly #kept = new Map<string, Promise<EncodedPiece>>();

  constructor(blobs: Pick<BlobStore, 'open'>, encode: (message: wire.BlobChunk) => Buffer) {
    this.#blobs = blobs;
    this.#encode = encode;
  }

  /**
   * The messages from byte `offset` on, at least one. The first says how long the blob is. They are shared: nobody changes them. The next is
   * being made while one is sent.
   *
   * @param sizeBytes of the blob. @param offset 0 to it.
   */
  async *from(digest: Uint8Array, offset: number, sizeBytes: number): AsyncGenerator<EncodedPiece> {
    if (offset === sizeBytes) {
      yield { encoded: this.#encode({ sizeBytes }), payloadBytes: 0 };
      return;
    }
    const reader = new Reader(this.#blobs, digest);
    let next: Promise<EncodedPiece> | undefined;
    try {
      for (let at = offset; at < sizeBytes; ) {
        const end = endOf(at, sizeBytes);
        const head = at === offset ? { sizeBytes } : {};
        const piece = await (next ?? this.#get({ digest, offset: at, length: end - at, ...head }, reader));
        at = end;
        next =
          at < sizeBytes ? this.#get({ digest, offset: at, length: endOf(at, sizeBytes) - at }, reader) : undefined;
        // Who leaves before it is there does not hear how it ended.
        next?.catch(() => undefined);
        yield piece;
      }
    } finally {
      await next?.catch(() => undefined);
      await reader.close();
    }
  }

  #get(place: Place, reader: Reader): Promise<EncodedPiece> {
    const name = `${toHex(place.digest)} ${place.offset} ${place.sizeBytes}`;
    const piece = this.#kept.get(name) ?? make(place, reader);
    this.#kept.delete(name);
    this.#kept.set(name, piece);
    piece.catch(() => this.#kept.delete(name));
    if (this.#kept.size > keptMax) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest!);
    }
    return piece;
  }
}

// Who goes on somewhere in between wants the same pieces as the others from the next on.
function endOf(at: number, sizeBytes: number): number {
  return Math.min(sizeBytes, (Math.floor(at / bounds.chunkBytes) + 1) * bounds.chunkBytes);
}

async function make({ offset, length, sizeBytes }: Place, reader: Reader): Promise<EncodedPiece> {
  const { encoded, data, seal } = blobMessage(offset, length, sizeBytes);
  await reader.fill(data, offset);
  seal();
  return { encoded, payloadBytes: length };
}

/** Opens its blob when something of it is not at hand, once. */
class Reader {
  readonly #blobs: Pick<BlobStore, 'open'>;
  readonly #digest: Uint8Array;
  #open: Promise<OpenBlob> | undefined;

  constructor(blobs: Pick<BlobStore, 'open'>, digest: Uint8Array) {
    this.#blobs = blobs;
    this.#digest = digest;
  }

  async fill(data: Uint8Array, offset: number): Promise<void> {
    this.#open ??= this.#blobs.open(this.#digest);
    await (await this.#open).fill(data, offset);
  }

  async close(): Promise<void> {
    const blob = await this.#open?.catch(() => undefined);
    await blob?.close();
  }
}
