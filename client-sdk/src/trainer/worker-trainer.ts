import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { FederatedError } from '@concordat/core';
import { collectRecords } from '../data/records.js';
import { serveBatches } from '../data/served-batches.js';
import type { EngineName } from './engine-names.js';
import { type NativeGate, openGate, shutGate, shutGateNow } from './native-gate.js';
import { errorOf } from './plain-error.js';
import { requireNice } from './thread-priority.js';
import type {
  EngineDescription,
  EvaluateRequest,
  EvaluateResult,
  FitProgress,
  FitRequest,
  FitResult,
  Trainer,
} from './trainer.js';
import type { DataSource, WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.js';

/** Records, and how the thread trains on them. */
export interface TrainerOptions {
  /** A data directory or declared files, read in the worker, a data set, copied to it, or records of the program. */
  readonly data: DataSource;
  /** Fixes, with seed and round, the order of examples and the holdout. */
  readonly participant: string;
  /** Share of the examples that is never trained on; 0.1 unless said. */
  readonly holdoutFraction?: number;
  /** Only this engine; without it the fastest that loads. */
  readonly engine?: EngineName;
  /**
   * How far the training thread steps back for everything else on the machine, 0 to 19 as in nice(1): what it gets is what nobody else
   * wants. On Linux, where threads have priorities; elsewhere it changes nothing. Never less than the process has.
   */
  readonly nice?: number;
}

/**
 * A trainer for tfjs layers models in a thread of its own, so that the caller's event loop stays free.
 *
 * @throws `invalid-argument` or `malformed` when the records cannot be read, `invalid-argument` for a priority that is none, `unavailable` when no engine loads.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  requireNice(options.nice);
  const { data, ports } = await handedOver(options.data);
  const gate = openGate();
  const setup: WorkerSetup = { holdoutFraction: 0.1, ...options, data, gate };
  // What libraries print must not reach the console of the program that embeds us.
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: setup,
    transferList: ports,
    stdout: true,
    stderr: true,
    execArgv: [],
  });
  worker.stdout.resume();
  worker.stderr.resume();
  guardAtExit(worker, gate);
  const { description, examples } = await opened(worker).catch(async (error: unknown) => {
    await end(worker, gate);
    throw error;
  });
  return new WorkerTrainer(worker, gate, description, examples);
}

/** Ends the thread between two steps, never inside one. */
async function end(worker: Worker, gate: NativeGate): Promise<void> {
  worker.ref();
  while (!shutGate(gate)) await new Promise(setImmediate);
  await worker.terminate();
}

const running = new Set<NativeGate>();
const shutAll = (): void => {
  for (const gate of running) shutGateNow(gate);
};

/** A process that exits ends its threads, wherever they are. */
function guardAtExit(worker: Worker, gate: NativeGate): void {
  if (running.size === 0) process.on('exit', shutAll);
  running.add(gate);
  worker.once('exit', () => {
    running.delete(gate);
    if (running.size === 0) process.off('exit', shutAll);
  });
}

/** What the thread is given of the records; where they have a shuffle window, it asks this thread for a batch at a time. */
async function handedOver(
  data: DataSource,
): Promise<{ readonly data: WorkerSetup['data']; readonly ports: MessagePort[] }> {
  if (!('records' in data)) return { data, ports: [] };
  const { records } = data;
  const { schema, memoryBytesMax, shuffleWindow } = records;
  if (shuffleWindow === undefined) return { data: { dataSet: await collectRecords(records) }, ports: [] };
  const { port1, port2 } = new MessageChannel();
  serveBatches(records, port1);
  return { data: { served: { port: port2, schema, memoryBytesMax, shuffleWindow } }, ports: [port2] };
}

function opened(worker: Worker): Promise<Extract<WorkerReply, { type: 'opened' }>> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: WorkerReply) => {
      if (message.type === 'opened') resolve(message);
      else if (message.type === 'failed') reject(errorOf(message.error));
    });
    worker.once('error', (cause) => reject(ended(cause)));
    worker.once('exit', () => reject(ended()));
  });
}

interface Pending {
  resolve(result: FitResult | EvaluateResult | undefined): void;
  reject(error: unknown): void;
  onProgress(progress: FitProgress): void;
}

type Work = WorkerRequest extends infer Request
  ? Request extends WorkerRequest
    ? Omit<Request, 'id' | 'stop'>
    : never
  : never;

class WorkerTrainer implements Trainer {
  readonly #worker: Worker;
  readonly #gate: NativeGate;
  #description: EngineDescription;
  readonly examples: number;
  readonly #pending = new Map<number, Pending>();
  #requests = 0;
  #gone: FederatedError | undefined;

  constructor(worker: Worker, gate: NativeGate, description: EngineDescription, examples: number) {
    this.#worker = worker;
    this.#gate = gate;
    this.#description = description;
    this.examples = examples;
    worker.on('message', (message: WorkerReply) => this.#take(message));
    worker.on('error', (cause) => this.#end(ended(cause)));
    worker.on('exit', () => this.#end(ended()));
    // Only open work keeps the process alive.
    worker.unref();
  }

  describe(): EngineDescription {
    return this.#description;
  }

  async fit({ signal, onProgress, ...request }: FitRequest): Promise<FitResult> {
    const { model, weights, task, rule, round, seed } = request;
    const work: Work = { type: 'fit', model, weights, task, round, seed, ...(rule === undefined ? {} : { rule }) };
    return (await this.#ask(work, signal, onProgress)) as FitResult;
  }

  async evaluate({ signal, model, weights, loss }: EvaluateRequest): Promise<EvaluateResult> {
    return (await this.#ask({ type: 'evaluate', model, weights, loss }, signal)) as EvaluateResult;
  }

  async close(): Promise<void> {
    this.#end(new FederatedError('unavailable', 'the trainer is closed'));
    await end(this.#worker, this.#gate);
  }

  async #ask(
    work: Work,
    signal: AbortSignal | undefined,
    onProgress: (progress: FitProgress) => void = () => undefined,
  ): Promise<FitResult | EvaluateResult> {
    signal?.throwIfAborted();
    if (this.#gone !== undefined) throw this.#gone;
    const id = ++this.#requests;
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const lose = (): void => void Atomics.store(stop, 0, 1);
    signal?.addEventListener('abort', lose);
    this.#worker.ref();
    try {
      const result = await new Promise<FitResult | EvaluateResult | undefined>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, onProgress });
        this.#worker.postMessage({ ...work, id, stop });
      });
      signal?.throwIfAborted();
      if (result === undefined) throw new FederatedError('internal', 'the trainer stopped without being asked');
      return result;
    } finally {
      signal?.removeEventListener('abort', lose);
      this.#pending.delete(id);
      if (this.#pending.size === 0 && this.#gone === undefined) this.#worker.unref();
    }
  }

  #take(message: WorkerReply): void {
    if (message.type === 'opened') return;
    if (message.type === 'engine') {
      this.#description = message.description;
      return;
    }
    if (message.id === undefined) {
      this.#end(message.type === 'failed' ? errorOf(message.error) : ended());
      return;
    }
    const pending = this.#pending.get(message.id);
    if (message.type === 'progress') pending?.onProgress(message.progress);
    else if (message.type === 'done') pending?.resolve(message.result);
    else pending?.reject(errorOf(message.error));
  }

  #end(error: FederatedError): void {
    this.#gone ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#gone);
  }
}

function ended(cause?: unknown): FederatedError {
  return new FederatedError('internal', 'the training thread ended', {
    ...(cause === undefined ? {} : { cause }),
    fix: 'Check the memory of this machine; a model or batch too large for it ends the thread.',
  });
}
