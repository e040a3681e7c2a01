import { closeSync, openSync, readSync } from 'node:fs';
import {
  addKeystreams,
  addVector,
  type ByteRange,
  bounds,
  type CryptoPort,
  encodeUpdate,
  FederatedError,
  type Kernels,
  type Layout,
  type MaskKey,
  type MetricValues,
  type Plan,
  packLanes,
  vectorRoot,
} from '@concordat/core';
import { nodeCrypto } from '../crypto/node-crypto.js';
import { systemRandom } from '../crypto/system-random.js';
import type { KernelChoice } from './choose-kernels.js';
import type { PlainError } from './plain-error.js';

/** A packed vector on disk, by whom it is known. */
export interface VectorFile {
  readonly path: string;
  /** Whose it is, for errors. */
  readonly owner: string;
}

/** Add vectors from files and keystreams to a vector, by as many threads as take ranges of it. */
export interface AddRanges {
  readonly type: 'add-ranges';
  readonly layout: Layout;
  /** Shared memory; changed in place. */
  readonly vector: Uint8Array;
  readonly files: readonly VectorFile[];
  /** [n · 32] secret, shared memory; the caller wipes it. */
  readonly keys: Uint8Array;
  /** [n] */
  readonly signs: Int8Array;
  /** A multiple of a chunk. */
  readonly rangeBytes: number;
  /** `next[0]`: the first byte, in units of `rangeBytes`, that no thread has taken yet. Shared memory. */
  readonly next: Int32Array;
}

/** Turn a delta into lanes. */
export interface EncodeDelta {
  readonly type: 'encode';
  readonly plan: Plan;
  readonly baseModelHash: Uint8Array;
  /** [d] secret; moved to the thread, which wipes it. */
  readonly delta: Float32Array;
  readonly examples: number;
  readonly metrics?: MetricValues;
}

/** Pack lanes into a vector. */
export interface PackUpdate {
  readonly type: 'pack';
  readonly layout: Layout;
  /** Shared memory, as `encode` leaves them. */
  readonly lanes: readonly Int32Array[];
}

/** The Merkle root over the chunks of a vector. */
export interface RootOfVector {
  readonly type: 'root';
  readonly vector: Uint8Array;
}

export type LaneWork = AddRanges | EncodeDelta | PackUpdate | RootOfVector;

/** What each work gives; arrays lie in shared memory. */
export interface LaneResults {
  readonly 'add-ranges': undefined;
  readonly encode: readonly Int32Array[];
  readonly pack: Uint8Array;
  readonly root: Uint8Array;
}

/** What a thread is started with. */
export interface LaneThreadSetup {
  readonly kernels: KernelChoice;
}

export type LaneReply =
  | { readonly type: 'done'; readonly id: number; readonly result: LaneResults[LaneWork['type']] }
  | { readonly type: 'failed'; readonly id: number; readonly error: PlainError };

/** Read of a file at a time: five chunks. */
const pieceBytes = bounds.frameBytes;

/** What the work is done with. */
export interface LaneWorkPorts {
  readonly kernels: Kernels;
  /** For the keystreams of `add-ranges`. */
  readonly crypto: CryptoPort;
}

/** Do one piece of work, synchronously. @throws as the functions of the core; `internal` for a vector that is missing or short. */
export function doLaneWork(work: LaneWork, ports: LaneWorkPorts): LaneResults[LaneWork['type']] {
  const { kernels } = ports;
  switch (work.type) {
    case 'add-ranges':
      return addRanges(work, ports);
    case 'encode':
      return encode(work, kernels);
    case 'pack':
      return packLanes(work.layout, work.lanes, kernels, sharedBytes(work.layout.lengthBytes));
    case 'root':
      return vectorRoot(nodeCrypto, work.vector);
  }
}

function addRanges(work: AddRanges, { kernels, crypto }: LaneWorkPorts): undefined {
  const maskKeys = Array.from(
    work.signs,
    (sign, v): MaskKey => ({ key: work.keys.subarray(32 * v, 32 * v + 32), sign: sign === 1 ? 1 : -1 }),
  );
  const { lengthBytes } = work.layout;
  const piece = new Uint8Array(Math.min(pieceBytes, lengthBytes));
  try {
    for (;;) {
      const fromByte = Atomics.add(work.next, 0, 1) * work.rangeBytes;
      if (fromByte >= lengthBytes) return undefined;
      const range = { fromByte, toByte: Math.min(lengthBytes, fromByte + work.rangeBytes) };
      for (const file of work.files) addFile(work, file, { range, piece }, kernels);
      addKeystreams(crypto, work.layout, work.vector, maskKeys, { ...range, kernels });
    }
  } catch (error) {
    // The vector is of no use any more: the other threads take no further range.
    Atomics.store(work.next, 0, Math.ceil(lengthBytes / work.rangeBytes));
    throw error;
  }
}

function addFile(
  { layout, vector }: AddRanges,
  file: VectorFile,
  { range, piece }: { readonly range: ByteRange; readonly piece: Uint8Array },
  kernels: Kernels,
): void {
  const descriptor = openSync(file.path, 'r');
  try {
    for (let at = range.fromByte; at < range.toByte; at += piece.length) {
      const wanted = piece.subarray(0, Math.min(piece.length, range.toByte - at));
      const bytesRead = readSync(descriptor, wanted, 0, wanted.length, at);
      if (bytesRead !== wanted.length) throw shortVector(file.owner, layout.lengthBytes, at + bytesRead);
      addVector(layout, vector, wanted, at, kernels);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A spooled vector that ends too early. */
export function shortVector(participant: string, required: number, offered: number): FederatedError {
  return new FederatedError('internal', `the spooled vector of ${participant} is short`, {
    detail: { participant, required, offered },
  });
}

function encode(
  { plan, baseModelHash, delta, examples, metrics }: EncodeDelta,
  kernels: Kernels,
): readonly Int32Array[] {
  try {
    return encodeUpdate({
      crypto: nodeCrypto,
      plan,
      baseModelHash,
      delta,
      examples,
      ...(metrics === undefined ? {} : { metrics }),
      random: systemRandom,
      kernels,
      isSpent: true,
      allocate: sharedLanes,
    }).map(inSharedMemory);
  } finally {
    delta.fill(0);
  }
}

function sharedLanes(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}

function inSharedMemory(lanes: Int32Array): Int32Array {
  if (lanes.buffer instanceof SharedArrayBuffer) return lanes;
  const copy = sharedLanes(lanes.length);
  copy.set(lanes);
  lanes.fill(0);
  return copy;
}

function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}
