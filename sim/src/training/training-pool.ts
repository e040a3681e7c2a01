import { Worker } from 'node:worker_threads';
import { type DataSet, type EngineDescription, errorOf } from '@concordat/client-sdk/training';
import { FederatedError } from '@concordat/core';
import type { Job, JobResult, PoolReply, PoolRequest, PoolSetup } from './messages.js';

interface Waiting {
  readonly job: Job;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Threads that train and measure for any number of participants: memory follows the threads. Which of them does a job changes nothing of
 * its result, so results are the same for every number of them.
 */
export class TrainingPool {
  readonly description: EngineDescription;
  readonly #threads: readonly Worker[];
  readonly #idle: Worker[];
  readonly #jobs = new Map<Worker, Waiting>();
  readonly #waiting: Waiting[] = [];
  #failure: unknown;
  #closing = false;

  private constructor(threads: readonly Worker[], description: EngineDescription) {
    this.#threads = threads;
    this.#idle = [...threads];
    this.description = description;
    for (const thread of threads) {
      thread.on('message', (message: PoolReply) => this.#take(thread, message));
      thread.on('error', (error) => this.#fail(error));
      thread.on('exit', (code) => this.#closing || this.#fail(ended(code)));
    }
  }

  /**
   * @param setup.training shared with the threads, as `holdout`; copied once when they do not lie in shared memory.
   * @throws `unavailable` when the engine does not load; `refused` when it cannot build the model.
   */
  static async open(count: number, setup: PoolSetup): Promise<TrainingPool> {
    const workerData = { ...setup, training: shared(setup.training), holdout: shared(setup.holdout) };
    const url = new URL('./training-thread.js', import.meta.url);
    const threads = Array.from({ length: count }, () => new Worker(url, { workerData }));
    // All of them: one that is ended within native code takes the process with it.
    const settled = await Promise.allSettled(threads.map(opened));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed === undefined)
      return new TrainingPool(threads, (settled[0] as PromiseFulfilledResult<EngineDescription>).value);
    await Promise.all(threads.map(leave));
    throw failed.reason;
  }

  get threads(): number {
    return this.#threads.length;
  }

  /** Jobs that wait are taken with most examples first. @throws what the training threw; `internal` when a thread died. */
  run<J extends Job>(job: J): Promise<JobResult<J>> {
    return new Promise<JobResult<J>>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const place = this.#waiting.findIndex((other) => other.job.examples.length < job.examples.length);
      const waiting = { job, resolve: resolve as Waiting['resolve'], reject };
      this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, waiting);
      this.#next();
    });
  }

  /** Waits for the jobs that were begun; those that wait are rejected. */
  async close(): Promise<void> {
    this.#failure ??= new FederatedError('unavailable', 'the training pool is closed');
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    this.#closing = true;
    await Promise.all(this.#threads.map(leave));
  }

  #next(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const [thread, waiting] = [this.#idle.pop()!, this.#waiting.shift()!];
      this.#jobs.set(thread, waiting);
      const request: PoolRequest = { type: 'job', job: waiting.job };
      thread.postMessage(request);
    }
  }

  #take(thread: Worker, message: PoolReply): void {
    const waiting = this.#jobs.get(thread);
    // Another thread died meanwhile, and everybody was told.
    if (waiting === undefined) return;
    this.#jobs.delete(thread);
    this.#idle.push(thread);
    if (message.type === 'done') waiting.resolve(message.result as never);
    if (message.type === 'failed') waiting.reject(errorOf(message.error));
    this.#next();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of [...this.#jobs.values(), ...this.#waiting.splice(0)]) reject(this.#failure);
    this.#jobs.clear();
  }
}

function opened(thread: Worker): Promise<EngineDescription> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      for (const event of ['message', 'error', 'exit']) thread.removeAllListeners(event);
      then();
    };
    thread.once('message', (message: PoolReply) =>
      settle(() => {
        if (message.type === 'opened') resolve(message.description);
        if (message.type === 'failed') reject(errorOf(message.error));
      }),
    );
    thread.once('error', (error) => settle(() => reject(error)));
    thread.once('exit', (code) => settle(() => reject(ended(code))));
  });
}

/** Resolves when it has ended, behind the job that it was given last. */
function leave(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (thread.threadId === -1) return resolve();
    thread.once('exit', () => resolve());
    const request: PoolRequest = { type: 'leave' };
    thread.postMessage(request);
  });
}

function ended(code: number): FederatedError {
  return new FederatedError('internal', `a training thread ended with ${code}`);
}

/** The same data in memory that threads share. */
function shared(dataSet: DataSet): DataSet {
  const { targets } = dataSet;
  return {
    ...dataSet,
    inputs: inSharedMemory(dataSet.inputs),
    targets:
      targets.kind === 'classes'
        ? { ...targets, labels: inSharedMemory(targets.labels) }
        : { ...targets, values: inSharedMemory(targets.values) },
  };
}

function inSharedMemory<T extends Uint8Array | Int32Array | Float32Array>(values: T): T {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const make = values.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new make(new SharedArrayBuffer(values.byteLength));
  copy.set(values as never);
  return copy;
}
