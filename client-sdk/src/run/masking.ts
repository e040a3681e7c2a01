import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  addKeystreams,
  bounds,
  type CryptoPort,
  type Layout,
  type MaskKey,
  packLanes,
  vectorRoot,
} from '@concordat/core';
import { chooseKernels } from '@concordat/node';

/** Between two turns of the event loop: 16 chunks with five keystreams take about 3 ms. */
const bytesPerTurn = 16 * bounds.chunkBytes;

/**
 * Pack an update and add every keystream to it, in turns that leave the event loop free.
 *
 * @param lanes payload lanes of each segment; not changed. @param maskKeys secret; wiped when this resolves.
 * @returns the masked vector, the caller's, and its Merkle root.
 */
export async function maskUpdate(
  crypto: CryptoPort,
  update: { readonly layout: Layout; readonly lanes: readonly Int32Array[]; readonly maskKeys: readonly MaskKey[] },
): Promise<{ readonly vector: Uint8Array; readonly merkleRoot: Uint8Array }> {
  const { layout, lanes, maskKeys } = update;
  const kernels = chooseKernels();
  const vector = packLanes(layout, lanes, kernels);
  try {
    for (let fromByte = 0; fromByte < vector.length; fromByte += bytesPerTurn) {
      const toByte = Math.min(vector.length, fromByte + bytesPerTurn);
      addKeystreams(crypto, layout, vector, maskKeys, { fromByte, toByte, kernels });
      await nextTurn();
    }
  } finally {
    for (const { key } of maskKeys) key.fill(0);
  }
  return { vector, merkleRoot: vectorRoot(crypto, vector) };
}
