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
