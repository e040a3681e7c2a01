import { Worker } from 'node:worker_threads';
import { bounds, FederatedError, type Layout, type MaskKey, type MetricValues, type Plan } from '@concordat/core';
import type { KernelChoice } from './choose-kernels.js';
import type { LaneReply, LaneResults, LaneThreadSetup, LaneWork, VectorFile } from './lane-work.js';
import { errorOfPlain } from './plain-error.js';

export interface LaneThreadsOptions {
  /** 1 to {@link laneThreadsMax}; each is started when it is first needed. */
  readonly threads: number;
  /** Bytes to add to one vector, from files and keystreams, from which another thread is worth its memory of some 60 MB; 0 unless said. */
  readonly bytesPerThread?: number;
  /** `auto` unless said. */
  readonly kernels?: KernelChoice;
}

/** More threads than this never helped: memory is the limit long before. */
export const laneThreadsMax = 64;

/** At most so much of a vector is taken by a thread at a time; each time opens every cipher and file once. */
const rangeBytesMax = 256 * bounds.chunkBytes;

/** All that a thread makes are views of keystreams: with the usual 48 MB for new objects they are collected late, and it takes 20 MB more. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 };

interface Pending {
  readonly thread: Thread;
  resolve(result: LaneResults[LaneWork['type']]): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  /** Works it has not answered. */
  open: number;
}

/**
 * The long loops over lanes in threads of their own, so that the caller's event loop stays free, and one vector on several cores:
 * threads take ranges of it, which is shared memory. Primitives are those of node:crypto. Idle threads keep no process alive.
 *
 * Every method rejects with what the work threw; with `internal` when a thread ended, after which the next work starts a new one;
 * with `unavailable` once closed.
 */
export class LaneThreads {
  readonly #options: LaneThreadsOptions;
  readonly #threads: (Thread | undefined)[];
  readonly #pending = new Map<number, Pending>();
  #works = 0;
  #closed = false;

  constructor(options: LaneThreadsOptions) {
    if (!Number.isInteger(options.threads) || options.threads < 1 || options.threads > laneThreadsMax) {
      throw new FederatedError('invalid-argument', 'not a number of threads', {
        detail: { required: `1 to ${laneThreadsMax}`, offered: options.threads },
      });
    }
    this.#options = options;
    this.#threads = Array.from({ length: options.threads }, () => undefined);
  }

  /** Threads that were started and run. */
  get running(): number {
    return this.#threads.filter((thread) => thread !== undefined).length;
  }

  /**
   * Add packed vectors from files, then keystreams, lane by lane mod 2^b.
   *
   * @param vector [layout.lengthBytes] over a `SharedArrayBuffer`; changed in place, and of no use when this rejects.
   * @param addends.maskKeys secret; copied to memory that is wiped when this settles. The originals stay the caller's.
   * @throws `internal` for a file that is missing or short.
   */
  async add(
    layout: Layout,
    vector: Uint8Array,
    addends: { readonly files?: readonly VectorFile[]; readonly maskKeys: readonly MaskKey[] },
  ): Promise<void> {
    const { files = [], maskKeys } = addends;
    const keys = new Uint8Array(new SharedArrayBuffer(32 * maskKeys.length));
    for (const [v, { key }] of maskKeys.entries()) keys.set(key, 32 * v);
    const signs = Int8Array.from(maskKeys, ({ sign }) => sign);
    const chunks = Math.ceil(layout.lengthBytes / bounds.chunkBytes);
    const count = this.#threadsFor(layout.lengthBytes * (files.length + maskKeys.length));
    const rangeBytes = Math.min(rangeBytesMax, Math.ceil(chunks / count) * bounds.chunkBytes);
    const next = new Int32Array(new SharedArrayBuffer(4));
    const work = { type: 'add-ranges', layout, vector, files, keys, signs, rangeBytes, next } as const;
    const ranges = Math.ceil(layout.lengthBytes / rangeBytes);
    const shares = this.#threads.slice(0, Math.min(count, ranges)).map((_, index) => this.#ask(index, work));
    const settled = await Promise.allSettled(shares);
    keys.fill(0);
    const failed = settled.find((one): one is PromiseRejectedResult => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * `encodeUpdate` with the operating system's randomness for the rounding.
   *
   * @param delta [d] secret; moved to the thread and wiped there: its memory is gone here.
   * @returns lanes in shared memory, secret.
   */
  encode(update: {
    readonly plan: Plan;
    readonly baseModelHash: Uint8Array;
    readonly delta: Float32Array<ArrayBuffer>;
    readonly examples: number;
    readonly metrics?: MetricValues;
  }): Promise<readonly Int32Array[]> {
    return this.#ask(0, { type: 'encode', ...update }, [update.delta.buffer]);
  }

  /** `packLanes`. @param lanes in shared memory; not changed. @returns the vector, in shared memory. */
  pack(layout: Layout, lanes: readonly Int32Array[]): Promise<Uint8Array> {
    return this.#ask(0, { type: 'pack', layout, lanes });
  }

  /** `vectorRoot`. @param vector in shared memory. */
  root(vector: Uint8Array): Promise<Uint8Array> {
    return this.#ask(0, { type: 'root', vector });
  }

  /** End the threads, whatever they do. Calling it twice does nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#pending.values()) reject(closed());
    this.#pending.clear();
    const threads = this.#threads.splice(0);
    await Promise.all(threads.map((thread) => thread?.worker.terminate()));
  }

  #ask<Work extends LaneWork>(
    index: number,
    work: Work,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<LaneResults[Work['type']]> {
    if (this.#closed) return Promise.reject(closed());
    this.#threads[index] ??= this.#start(index);
    const thread = this.#threads[index];
    const id = ++this.#works;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { thread, resolve: resolve as Pending['resolve'], reject });
      if (thread.open++ === 0) thread.worker.ref();
      thread.worker.postMessage({ id, work }, [...moved]);
    });
  }

  #start(index: number): Thread {
    const { kernels = 'auto' } = this.#options;
    const setup: LaneThreadSetup = { kernels };
    const worker = new Worker(new URL('./lane-thread.js', import.meta.url), {
      workerData: setup,
      execArgv: [],
      resourceLimits,
    });
    const thread = { worker, open: 0 };
    worker.on('message', (reply: LaneReply) => this.#take(reply));
    worker.on('error', (cause) => this.#lose(index, thread, cause));
    worker.on('exit', () => this.#lose(index, thread));
    worker.unref();
    return thread;
  }

  #threadsFor(bytes: number): number {
    const { bytesPerThread = 0 } = this.#options;
    return bytesPerThread === 0
      ? this.#threads.length
      : Math.min(this.#threads.length, 1 + Math.floor(bytes / bytesPerThread));
  }

  #take(reply: LaneReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (--pending.thread.open === 0) pending.thread.worker.unref();
    if (reply.type === 'done') pending.resolve(reply.result);
    else pending.reject(errorOfPlain(reply.error));
  }

  #lose(index: number, thread: Thread, cause?: unknown): void {
    if (this.#threads[index] === thread) this.#threads[index] = undefined;
    for (const [id, pending] of this.#pending) {
      if (pending.thread !== thread) continue;
      this.#pending.delete(id);
      pending.reject(ended(cause));
    }
  }
}

function closed(): FederatedError {
  return new FederatedError('unavailable', 'the threads of the kernels are closed');
}

function ended(cause: unknown): FederatedError {
  return new FederatedError('internal', 'a thread of the kernels ended', {
    ...(cause === undefined ? {} : { cause }),
    fix: 'Check the memory of this machine; a vector too large for it ends the thread.',
  });
}
