import type { CryptoPort, Keystream } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Addend, Kernels, LaneBits } from '../kernels/port.js';
import { bounds } from '../wire/bounds.js';
import { type Layout, requireLength, segmentAlignment } from './layout.js';
import { merkleLeaf, merkleRoot } from './merkle.js';

/** Ciphers open at once, a few kilobytes each: half a cohort of 256 that drops out leaves 16,512 keystreams in a sum. */
const openStreamsMax = 1024;

/** One keystream to add to a packed vector (sign 1) or to take from it (sign −1). The key is secret. */
export interface MaskKey {
  /** AES-256 key, 32 bytes. */
  readonly key: Uint8Array;
  readonly sign: 1 | -1;
}

/** Bytes of a packed vector, from inclusive, to exclusive; both multiples of 48. */
export interface ByteRange {
  readonly fromByte: number;
  readonly toByte: number;
}

/** What part to do, and with which loops; by default everything, with the plain ones. */
export interface MaskingOptions extends Partial<ByteRange> {
  readonly kernels?: Kernels;
}

/**
 * Add (or take away) every keystream lane by lane mod 2^b: chunk by chunk, so that a chunk stays in the cache while all its masks are added.
 *
 * Chunk j, 49,152 bytes, begins at AES counter 3072·j, so any range can be done alone and by another thread.
 *
 * @param vector the whole packed vector; changed in place. It may be shared memory.
 * @throws `invalid-argument` for a vector of another length than its layout, or a range that is not whole blocks of 48 bytes.
 */
export function addKeystreams(
  crypto: CryptoPort,
  layout: Layout,
  vector: Uint8Array,
  masks: readonly MaskKey[],
  options: MaskingOptions = {},
): void {
  requireLength(layout, vector);
  const { fromByte = 0, toByte = vector.length, kernels = plainKernels } = options;
  requireAligned(fromByte, toByte, layout);
  addKeystreamsToPart(crypto, layout, { bytes: vector.subarray(fromByte, toByte), atByte: fromByte }, masks, kernels);
}

/** A part of a packed vector: its bytes from `atByte` on. Both `atByte` and the length are multiples of 48. */
export interface VectorPart {
  readonly bytes: Uint8Array;
  readonly atByte: number;
}

/**
 * The same for a part that is held without the rest of its vector.
 *
 * @param part changed in place.
 * @throws `invalid-argument` for a part that is not whole blocks of 48 bytes, or leaves the layout.
 */
export function addKeystreamsToPart(
  crypto: CryptoPort,
  layout: Layout,
  part: VectorPart,
  masks: readonly MaskKey[],
  kernels: Kernels = plainKernels,
): void {
  const { bytes, atByte } = part;
  const toByte = atByte + bytes.length;
  requireAligned(atByte, toByte, layout);
  for (let first = 0; first < masks.length; first += openStreamsMax) {
    const streams = masks
      .slice(first, first + openStreamsMax)
      .map(({ key, sign }) => ({ stream: crypto.openKeystream(key, atByte), sign }));
    for (const piece of piecesOf(layout, atByte, toByte)) {
      const target = bytes.subarray(piece.fromByte - atByte, piece.toByte - atByte);
      kernels.addAll(piece.bits, target, nextPieces(streams, target.length));
    }
  }
}

/**
 * Add a piece of another packed vector, lane by lane mod 2^b.
 *
 * @param sum the whole packed vector; changed in place.
 * @param piece the other vector from byte `atByte` on; its length a multiple of 48.
 */
export function addVector(
  layout: Layout,
  sum: Uint8Array,
  piece: Uint8Array,
  atByte = 0,
  kernels: Kernels = plainKernels,
): void {
  requireLength(layout, sum);
  requireAligned(atByte, atByte + piece.length, layout);
  addToPart(layout, { bytes: sum.subarray(atByte, atByte + piece.length), atByte }, piece, kernels);
}

/**
 * The same for a part that is held without the rest of its vector.
 *
 * @param part changed in place. @param piece the same lanes of another vector, as long as the part.
 * @throws `invalid-argument` for a part that is not whole blocks of 48 bytes, leaves the layout, or has another length.
 */
export function addToPart(layout: Layout, part: VectorPart, piece: Uint8Array, kernels: Kernels = plainKernels): void {
  const { bytes, atByte } = part;
  requireAligned(atByte, atByte + bytes.length, layout);
  requireAligned(atByte, atByte + piece.length, layout);
  if (piece.length !== bytes.length) {
    throw new FederatedError('invalid-argument', 'two parts of packed vectors have different lengths', {
      detail: { required: bytes.length, offered: piece.length },
    });
  }
  for (const { bits, fromByte, toByte } of piecesOf(layout, atByte, atByte + bytes.length)) {
    const lanes = piece.subarray(fromByte - atByte, toByte - atByte);
    kernels.addAll(bits, bytes.subarray(fromByte - atByte, toByte - atByte), [{ lanes, sign: 1 }]);
  }
}

/** RFC 6962 root over the chunks of 49,152 bytes, the last one shorter: what an upload header signs. */
export function vectorRoot(crypto: CryptoPort, vector: Uint8Array): Uint8Array {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < vector.length; at += bounds.chunkBytes) {
    leaves.push(merkleLeaf(crypto, vector.subarray(at, at + bounds.chunkBytes)));
  }
  return merkleRoot(crypto, leaves);
}

interface OpenStream {
  readonly stream: Keystream;
  readonly sign: 1 | -1;
}

function* nextPieces(streams: readonly OpenStream[], length: number): Generator<Addend> {
  for (const { stream, sign } of streams) yield { lanes: stream.next(length), sign };
}

// What lies in one segment and one chunk, in order. Their borders are multiples of 48 bytes, so every piece is whole lanes and whole AES blocks.
function* piecesOf(
  layout: Layout,
  fromByte: number,
  toByte: number,
): Generator<ByteRange & { readonly bits: LaneBits }> {
  for (const { segment, offset, paddedBytes } of layout.segments) {
    const end = Math.min(toByte, offset + paddedBytes);
    for (let at = Math.max(fromByte, offset); at < end; at = nextChunk(at)) {
      yield { fromByte: at, toByte: Math.min(end, nextChunk(at)), bits: segment.bits };
    }
  }
}

function nextChunk(at: number): number {
  return (Math.floor(at / bounds.chunkBytes) + 1) * bounds.chunkBytes;
}

function requireAligned(fromByte: number, toByte: number, layout: Layout): void {
  const fits = fromByte >= 0 && fromByte <= toByte && toByte <= layout.lengthBytes;
  if (fits && fromByte % segmentAlignment === 0 && toByte % segmentAlignment === 0) return;
  throw new FederatedError('invalid-argument', 'a range of a packed vector begins and ends at multiples of 48 bytes', {
    detail: { fromByte, toByte, lengthBytes: layout.lengthBytes },
  });
}
