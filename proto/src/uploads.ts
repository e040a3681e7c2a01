import { bounds, FederatedError, type Signed } from '@concordat/core';
import { receiptFromWire, receiptToWire } from './answers.js';
import * as field from './fields.js';
import type * as wire from './generated/index.js';

/** What a coordinator answers before the first byte of a masked vector. */
export type UploadBegun =
  /** So many bytes are there already, a whole number of Merkle chunks. */
  | { readonly type: 'offset'; readonly committedOffset: number }
  /** All of them are. */
  | { readonly type: 'complete'; readonly receipt: Signed };

export function uploadBegunToWire(begun: UploadBegun): wire.UploadBegun {
  return begun.type === 'complete'
    ? { receipt: receiptToWire(begun.receipt) }
    : { committedOffset: begun.committedOffset };
}

/**
 * @param lengthBytes of the vector: a coordinator that lacks nothing of it answers with the receipt.
 * @throws `malformed` out of bounds, between two chunks, or when nothing is said.
 */
export function uploadBegunFromWire(value: wire.UploadBegun__Output, lengthBytes: number): UploadBegun {
  if (value.state === 'receipt') return { type: 'complete', receipt: receiptFromWire(value.receipt) };
  if (value.state !== 'committedOffset') {
    throw new FederatedError('malformed', 'the coordinator does not say how much of the vector it holds');
  }
  const committedOffset = field.integer(value.committedOffset, 0, lengthBytes - 1, 'committedOffset');
  if (committedOffset % bounds.chunkBytes === 0) return { type: 'offset', committedOffset };
  throw new FederatedError('malformed', 'an upload cannot go on inside a chunk', {
    detail: { required: `a multiple of ${bounds.chunkBytes}`, offered: committedOffset },
  });
}
