import { crc32 } from 'node:zlib';
import { bounds, FederatedError } from '@concordat/core';
import * as field from './fields.js';
import type * as wire from './generated/index.js';

/** A piece of a bulk stream that arrived whole. */
export interface ReceivedChunk {
  /** Bytes of the stream before it. */
  readonly offset: number;
  /** A view into the received message: write it away or copy it, do not keep it. */
  readonly data: Uint8Array;
}

/**
 * A piece of a bulk stream with its CRC-32. The data is not copied: leave it alone until the write's callback.
 *
 * @param data 1 to 983,040 bytes; `invalid-argument` otherwise.
 */
export function chunkToWire(offset: number, data: Uint8Array): wire.Chunk {
  if (data.length < 1 || data.length > bounds.frameBytesMax) {
    throw new FederatedError('invalid-argument', 'chunk of a length nobody accepts', {
      detail: { required: bounds.frameBytesMax, offered: data.length },
    });
  }
  return { offset, crc32: crc32(data), data };
}

/** A `BlobChunk` whose data is still to be filled in. */
export interface BlobMessage {
  /** As it goes over the wire, once it is sealed. */
  readonly encoded: Buffer;
  /** The last bytes of it, for the data. */
  readonly data: Uint8Array;
  /** The data is there: note its CRC-32. */
  seal(): void;
}

/**
 * Make room for a `BlobChunk`, so that a file is read to where it is sent from: a reader of models would else leave three buffers for each
 * piece, and more time go into collecting them than into sending.
 *
 * @param length of the data, 1 to 983,040. @param sizeBytes of the whole blob, when the message says it.
 */
export function blobMessage(offset: number, length: number, sizeBytes?: number): BlobMessage {
  const inner = [tag(1, 0), ...varint(offset), tag(2, 5), 0, 0, 0, 0, tag(3, 2), ...varint(length)];
  const head = [
    ...(sizeBytes === undefined ? [] : [tag(1, 0), ...varint(sizeBytes)]),
    ...[tag(2, 2), ...varint(inner.length + length)],
  ];
  const dataAt = head.length + inner.length;
  const encoded = Buffer.allocUnsafeSlow(dataAt + length);
  encoded.set(head);
  encoded.set(inner, head.length);
  const crcAt = dataAt - varint(length).length - 1 - 4;
  const data = encoded.subarray(dataAt);
  return { encoded, data, seal: () => void encoded.writeUInt32LE(crc32(data), crcAt) };
}

const tag = (field: number, wireType: number): number => field * 8 + wireType;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) + 128);
  }
}

/** @throws `malformed` out of bounds; `verification` when the CRC is of other bytes. */
export function chunkFromWire(value: wire.Chunk__Output | null | undefined): ReceivedChunk {
  const chunk = field.present(value, 'chunk');
  const offset = field.integer(chunk.offset, 0, bounds.modelBytesMax, 'chunk.offset');
  if (chunk.data.length < 1 || chunk.data.length > bounds.frameBytesMax) {
    throw new FederatedError('malformed', 'chunk.data is empty or too long', {
      detail: { required: bounds.frameBytesMax, offered: chunk.data.length },
    });
  }
  if (crc32(chunk.data) !== chunk.crc32) {
    throw new FederatedError('verification', 'chunk damaged on the way', {
      detail: { offset },
      fix: 'Send the stream again; if it happens twice, look for a proxy that changes bytes.',
    });
  }
  return { offset, data: chunk.data };
}
