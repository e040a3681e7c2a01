import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { bounds } from '../wire/bounds.js';
import { type Layout, requireLength, segmentAlignment } from './layout.js';
import { merkleLeaf, merkleRoot } from './merkle.js';
import { addLanes } from './ring.js';

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

/**
 * Add (or take away) one keystream lane by lane mod 2^b.
 *
 * Chunk j, 49,152 bytes, begins at AES counter 3072·j, so any range can be done alone and by another thread.
 *
 * @param vector the whole packed vector; changed in place.
 * @param range the part to do; default everything.
 */
export function addKeystream(
  crypto: CryptoPort,
  layout: Layout,
  vector: Uint8Array,
  mask: MaskKey,
  range?: ByteRange,
): void {
  requireLength(layout, vector);
  const { fromByte, toByte } = range ?? { fromByte: 0, toByte: vector.length };
  requireAligned(fromByte, toByte, layout);
  for (let at = fromByte; at < toByte; ) {
    const end = Math.min(toByte, nextChunk(at));
    addRange(layout, vector.subarray(at, end), crypto.keystream(mask.key, at, end - at), at, mask.sign);
    at = end;
  }
}

/** Every keystream in turn, chunk by chunk, so that a chunk stays in the cache while all its masks are added. */
export function addKeystreams(
  crypto: CryptoPort,
  layout: Layout,
  vector: Uint8Array,
  masks: readonly MaskKey[],
  range?: ByteRange,
): void {
  const { fromByte, toByte } = range ?? { fromByte: 0, toByte: vector.length };
  for (let at = fromByte; at < toByte; at = nextChunk(at)) {
    const chunk = { fromByte: at, toByte: Math.min(toByte, nextChunk(at)) };
    for (const mask of masks) addKeystream(crypto, layout, vector, mask, chunk);
  }
}

/**
 * Add a piece of another packed vector, lane by lane mod 2^b.
 *
 * @param sum the whole packed vector; changed in place.
 * @param piece the other vector from byte `atByte` on; its length a multiple of 48.
 */
export function addVector(layout: Layout, sum: Uint8Array, piece: Uint8Array, atByte = 0): void {
  requireLength(layout, sum);
  const toByte = atByte + piece.length;
  requireAligned(atByte, toByte, layout);
  addRange(layout, sum.subarray(atByte, toByte), piece, atByte, 1);
}

/** RFC 6962 root over the chunks of 49,152 bytes, the last one shorter: what an upload header signs. */
export function vectorRoot(crypto: CryptoPort, vector: Uint8Array): Uint8Array {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < vector.length; at += bounds.chunkBytes) {
    leaves.push(merkleLeaf(crypto, vector.subarray(at, at + bounds.chunkBytes)));
  }
  return merkleRoot(crypto, leaves);
}

// Segment and chunk borders are multiples of 48 bytes, so every piece is whole lanes.
function addRange(layout: Layout, target: Uint8Array, source: Uint8Array, fromByte: number, sign: 1 | -1): void {
  const toByte = fromByte + target.length;
  for (const { segment, offset, paddedBytes } of layout.segments) {
    const start = Math.max(fromByte, offset) - fromByte;
    const end = Math.min(toByte, offset + paddedBytes) - fromByte;
    if (start < end) addLanes(segment.bits, target.subarray(start, end), source.subarray(start, end), sign);
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
