import { bounds, toHex } from '@concordat/core';
import { blobMessage, type wire } from '@concordat/proto';
import type { BlobStore, OpenBlob } from '../store/blobs.js';

/** Of all readers together, in one message each; and of the messages that are kept: participants of a round are seldom further apart. */
const chunksMax = 64;
/** 768 KiB: fewer and longer messages cost less, up to here. */
const chunksOfMessageMax = 16;

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
 * so that it is read and encoded once and not a hundred times. A blob never changes, so what is kept is never wrong. Who reads alone gets
 * long messages, of which none is kept; a hundred get short ones, since each of them holds one.
 */
export class BlobPieces {
  readonly #blobs: Pick<BlobStore, 'open'>;
  readonly #encode: (message: wire.BlobChunk) => Buffer;
  /** Those wanted last are last. */
  readonly #kept = new Map<string, { readonly piece: Promise<EncodedPiece>; readonly chunks: number }>();
  #keptChunks = 0;
  #readers = 0;

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
    const placeAt = (at: number, head = {}): Place => ({
      digest,
      offset: at,
      length: this.#end(at, sizeBytes) - at,
      ...head,
    });
    this.#readers += 1;
    let next: Promise<EncodedPiece> | undefined = this.#get(placeAt(offset, { sizeBytes }), reader);
    try {
      for (let at = offset; next !== undefined; ) {
        const piece: EncodedPiece = await next;
        at += piece.payloadBytes;
        next = at < sizeBytes ? this.#get(placeAt(at), reader) : undefined;
        // Who leaves before it is there does not hear how it ended.
        next?.catch(() => undefined);
        yield piece;
      }
    } finally {
      this.#readers -= 1;
      await next?.catch(() => undefined);
      await reader.close();
    }
  }

  // Borders are multiples of the length, so that readers who went on somewhere in between want the same pieces from the next on.
  #end(at: number, sizeBytes: number): number {
    const share = Math.min(chunksOfMessageMax, Math.max(1, chunksMax / this.#readers));
    const length = bounds.chunkBytes * 2 ** Math.floor(Math.log2(share));
    return Math.min(sizeBytes, (Math.floor(at / length) + 1) * length);
  }

  #get(place: Place, reader: Reader): Promise<EncodedPiece> {
    const { digest, offset, length, sizeBytes } = place;
    const name = `${toHex(digest)} ${offset} ${length} ${sizeBytes}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined) {
      this.#kept.delete(name);
      this.#kept.set(name, kept);
      return kept.piece;
    }
    const piece = make(place, reader);
    if (this.#readers > 1) this.#keep(name, piece, Math.ceil(length / bounds.chunkBytes));
    return piece;
  }

  #keep(name: string, piece: Promise<EncodedPiece>, chunks: number): void {
    this.#kept.set(name, { piece, chunks });
    this.#keptChunks += chunks;
    piece.catch(() => this.#forget(name));
    for (const oldest of this.#kept.keys()) {
      if (this.#keptChunks <= chunksMax) return;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#keptChunks -= this.#kept.get(name)?.chunks ?? 0;
    this.#kept.delete(name);
  }
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
