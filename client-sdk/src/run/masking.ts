import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  addKeystreams,
  bounds,
  type CryptoPort,
  encodeUpdate,
  type Kernels,
  type Layout,
  type MaskKey,
  type MetricValues,
  type Plan,
  packLanes,
  type Random,
  vectorRoot,
} from '@concordat/core';
import type { LaneThreads } from '@concordat/node';

/** What an update is encoded and masked with. */
export interface MaskingPorts {
  readonly crypto: CryptoPort;
  readonly kernels: Kernels;
  /** Large updates are encoded and masked there, so that the event loop stays free; without them everything is done here. */
  readonly threads: LaneThreads | undefined;
  /** For the rounding; the operating system's unless given, and threads have no other. */
  readonly random: { readonly source: Random; readonly isSystem: boolean };
}

/** Between two turns of the event loop: 16 chunks with five keystreams take about 3 ms. */
const bytesPerTurn = 16 * bounds.chunkBytes;
/** Lanes to encode, and bytes of keystream to add, that would hold up or share the event loop for some 5 ms. */
const threadedLanesMin = 250_000;
const threadedBytesMin = 4 * 1024 * 1024;

/**
 * Encode a delta as lanes.
 *
 * @param update.delta [d] secret; taken over and wiped.
 * @returns payload lanes of each segment, secret. @throws as `encodeUpdate`.
 */
export async function encodeDelta(
  { crypto, kernels, threads, random }: MaskingPorts,
  update: {
    readonly plan: Plan;
    readonly baseModelHash: Uint8Array;
    readonly delta: Float32Array<ArrayBuffer>;
    readonly examples: number;
    readonly metrics?: MetricValues;
  },
): Promise<readonly Int32Array[]> {
  if (threads !== undefined && random.isSystem && update.delta.length >= threadedLanesMin) {
    return threads.encode(update);
  }
  try {
    return encodeUpdate({ crypto, ...update, random: random.source, kernels });
  } finally {
    update.delta.fill(0);
  }
}

/**
 * Pack an update, add every keystream to it and hash it: in threads, or in turns that leave the event loop free.
 *
 * @param update lanes of each segment, which are not changed; and mask keys, secret, which are wiped when this resolves.
 * @returns the masked vector, the caller's, and its Merkle root.
 */
export async function maskUpdate(
  ports: Pick<MaskingPorts, 'crypto' | 'kernels' | 'threads'>,
  update: { readonly layout: Layout; readonly lanes: readonly Int32Array[]; readonly maskKeys: readonly MaskKey[] },
): Promise<{ readonly vector: Uint8Array; readonly merkleRoot: Uint8Array }> {
  const { layout, lanes, maskKeys } = update;
  const { crypto, kernels, threads } = ports;
  try {
    if (threads !== undefined && layout.lengthBytes * maskKeys.length >= threadedBytesMin) {
      const vector = await threads.pack(layout, lanes);
      await threads.add(layout, vector, { maskKeys });
      return { vector, merkleRoot: await threads.root(vector) };
    }
    const vector = packLanes(layout, lanes, kernels);
    for (let fromByte = 0; fromByte < vector.length; fromByte += bytesPerTurn) {
      const toByte = Math.min(vector.length, fromByte + bytesPerTurn);
      addKeystreams(crypto, layout, vector, maskKeys, { fromByte, toByte, kernels });
      await nextTurn();
    }
    return { vector, merkleRoot: vectorRoot(crypto, vector) };
  } finally {
    for (const { key } of maskKeys) key.fill(0);
  }
}
