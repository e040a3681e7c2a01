import {
  addKeystreams,
  addVector,
  bounds,
  type CryptoPort,
  type Kernels,
  type Layout,
  type SumOrder,
} from '@concordat/core';
import { type LaneThreads, shortVector } from '@concordat/node';
import type { Spool } from '../store/spool.js';

/** What of an order it takes to open a sum. */
export type SpooledOrder = Pick<SumOrder, 'layout' | 'maskKeys'> & {
  readonly survivors: readonly { readonly participant: string }[];
};

export interface SpooledSum {
  readonly crypto: CryptoPort;
  readonly kernels: Kernels;
  readonly spool: Spool;
  /** Add in these threads; without them everything is done here. */
  readonly threads?: LaneThreads | undefined;
  readonly run: string;
  readonly round: number;
  readonly order: SpooledOrder;
}

/** Read at a time: five chunks. */
const pieceBytes = bounds.frameBytes;
/** Unmasked between two turns of the event loop: ciphers are opened once for each, and with ten keystreams it takes about 3 ms. */
const bytesPerTurn = 16 * bounds.chunkBytes;
/** Added bytes, of vectors and keystreams, from which threads pay: about 40 ms of work. */
const threadedBytesMin = 64 * 1024 * 1024;

/** Whether a sum is so large that it should be opened in threads. */
export function isLargeSum({ layout, survivors, maskKeys }: SpooledOrder): boolean {
  return layout.lengthBytes * (survivors.length + maskKeys.length) >= threadedBytesMin;
}

/**
 * Add the survivors' spooled vectors and take their masks out, piece by piece: memory is the sum and one piece for each thread,
 * whatever the size of the cohort, and the event loop runs meanwhile. The keys of the order are wiped afterwards.
 *
 * @returns the packed sum, [layout.lengthBytes], the caller's.
 * @throws `internal` when a spooled vector is missing or short.
 */
export async function openSpooledSum(work: SpooledSum): Promise<Uint8Array> {
  try {
    return work.threads === undefined ? await openHere(work) : await openInThreads(work, work.threads);
  } finally {
    for (const { key } of work.order.maskKeys) key.fill(0);
  }
}

async function openInThreads(work: SpooledSum, threads: LaneThreads): Promise<Uint8Array> {
  const { run, round, spool } = work;
  const { layout, survivors, maskKeys } = work.order;
  const files = survivors.map(({ participant }) => ({
    path: spool.path({ run, round, participant }),
    owner: participant,
  }));
  const sum = new Uint8Array(new SharedArrayBuffer(layout.lengthBytes));
  await threads.add(layout, sum, { files, maskKeys });
  return sum;
}

async function openHere(work: SpooledSum): Promise<Uint8Array> {
  const { layout, survivors, maskKeys } = work.order;
  const sum = new Uint8Array(layout.lengthBytes);
  for (const { participant } of survivors) await addSpooled(work, layout, sum, participant);
  for (let fromByte = 0; fromByte < sum.byteLength; fromByte += bytesPerTurn) {
    const toByte = Math.min(sum.byteLength, fromByte + bytesPerTurn);
    addKeystreams(work.crypto, layout, sum, maskKeys, { fromByte, toByte, kernels: work.kernels });
    await nextTurn();
  }
  return sum;
}

async function addSpooled(work: SpooledSum, layout: Layout, sum: Uint8Array, participant: string): Promise<void> {
  const file = await work.spool.open({ run: work.run, round: work.round, participant });
  try {
    const piece = new Uint8Array(pieceBytes);
    for (let at = 0; at < sum.byteLength; at += pieceBytes) {
      const wanted = Math.min(pieceBytes, sum.byteLength - at);
      const { bytesRead } = await file.read(piece, 0, wanted, at);
      if (bytesRead !== wanted) throw shortVector(participant, sum.byteLength, at + bytesRead);
      addVector(layout, sum, piece.subarray(0, wanted), at, work.kernels);
    }
  } finally {
    await file.close();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
