import { toHex } from '../../bytes.js';
import type { CryptoPort } from '../../crypto/port.js';
import { FederatedError } from '../../errors.js';
import { bounds } from '../../wire/bounds.js';
import type { Layout } from '../layout.js';
import { merkleLeaf, merkleVerify } from '../merkle.js';
import { contradiction } from '../signing.js';

/** One chunk as the coordinator serves it. */
export interface ServedChunk {
  /** Cohort index of the survivor whose vector it is of; undefined: of the sum. */
  readonly survivor?: number;
  /** Position of the chunk in its vector. */
  readonly chunk: number;
  readonly data: Uint8Array;
  /** Merkle path to the root that the survivor, or the coordinator, signed; lowest sibling first. */
  readonly path: readonly Uint8Array[];
}

/** The chunk that has to come next. */
export interface ExpectedChunk {
  readonly survivor?: number | undefined;
  readonly chunk: number;
  /** Root that was signed over the chunks of its vector. */
  readonly root: Uint8Array;
  /** Whose vector it is of, for people; undefined: of the sum. */
  readonly participant?: string | undefined;
  /** Number of the secure group whose sum it is of, from 1; undefined in a round of one session. */
  readonly group?: number | undefined;
}

/** Chunks of a packed vector; the last one may be shorter. */
export function chunkCount({ lengthBytes }: Pick<Layout, 'lengthBytes'>): number {
  return Math.ceil(lengthBytes / bounds.chunkBytes);
}

/** Which sum it is, for people. @param group number of the secure group, from 1; undefined in a round of one session. */
export function sumName(group: number | undefined): string {
  return group === undefined ? 'the sum of this round' : `the sum of group ${group}`;
}

/** Bytes of one chunk. */
export function chunkBytesAt({ lengthBytes }: Pick<Layout, 'lengthBytes'>, chunk: number): number {
  return Math.min(bounds.chunkBytes, lengthBytes - chunk * bounds.chunkBytes);
}

/**
 * Refuse a chunk that is not the expected one.
 *
 * @throws `malformed` when it is another than the next; `verification` `check.chunk` when it is not under its signed root.
 */
export function requireChunk(
  crypto: CryptoPort,
  layout: Layout,
  served: ServedChunk,
  { survivor, chunk, root, participant, group }: ExpectedChunk,
): void {
  const whose = participant ?? sumName(group);
  const length = chunkBytesAt(layout, chunk);
  if (served.survivor !== survivor || served.chunk !== chunk || served.data.length !== length) {
    throw new FederatedError('malformed', 'the chunks do not come as they were asked for', {
      detail: {
        required: `${length} bytes of chunk ${chunk} of ${whose}`,
        offered: `${served.data.length} bytes of chunk ${served.chunk}`,
      },
    });
  }
  const leaf = merkleLeaf(crypto, served.data);
  if (merkleVerify(crypto, { leaf, index: chunk, count: chunkCount(layout), path: served.path, root })) return;
  throw contradiction('check.chunk', `a chunk of ${whose} is not the one that was signed`, {
    required: `a chunk under ${toHex(root)}`,
    offered: toHex(leaf),
    chunk,
    ...(group === undefined ? {} : { group }),
    ...(participant === undefined ? {} : { participant }),
  });
}
