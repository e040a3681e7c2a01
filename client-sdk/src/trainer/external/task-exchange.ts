import {
  bounds,
  decodeSafetensors,
  equalBytes,
  FederatedError,
  flattenTensors,
  type MetricValues,
  type NamedTensor,
  refusal,
  splitTensors,
} from '@concordat/core';
import type { Clock } from '@concordat/node';
import type { FromTrainer, TrainerMetricFrame, TrainerTaskFrame } from '@concordat/proto';
import { requireFiniteWeights } from '../finite-weights.js';
import type { FitProgress } from '../trainer.js';
import type { ConnectedTrainer, TaskListener } from './connected-trainer.js';
import { Outcome } from './outcome.js';
import { safetensorsHead, valueBytes, weightsBytesMax } from './task-weights.js';
import { notDue, refusedBy, silent, wrongCapability, wrongWeights } from './trainer-failures.js';

/** What a trainer is given. */
export interface TrainerWork {
  readonly frame: Omit<TrainerTaskFrame, 'topologyBytes' | 'weightsBytes'>;
  /** JSON, UTF-8. */
  readonly topology: Uint8Array;
  /** Not changed. */
  readonly weights: readonly NamedTensor[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
}

/** What it gave: no weights after an evaluation. */
export interface TrainerAnswer {
  readonly weights: readonly NamedTensor[];
  readonly examples: number;
  readonly metrics: MetricValues;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  /** The longest pause between two words of a trainer that works. */
  readonly silentMillis: number;
  /** How long one that is told to stop may go on. */
  readonly stopMillis: number;
}

/** Between two reports of progress: a trainer that reports thousands a second must not keep the event loop busy. */
const progressMillis = 100;

/**
 * One task with one trainer: tells it, listens, and checks what comes back. Whatever the trainer does, it ends, within the silence allowed;
 * what breaks the protocol ends the connection too, and what is only a bad answer does not.
 */
export class TaskExchange implements TaskListener {
  readonly #connected: ConnectedTrainer;
  readonly #work: TrainerWork;
  readonly #options: ExchangeOptions;
  readonly #answer = new Outcome<TrainerAnswer>();
  readonly #free = new Outcome<void>();
  /** Told to stop, but not done. */
  #stopped = false;
  #done = false;
  /** Whether the task was written whole. */
  #sent = false;
  #endSilence: () => void = () => undefined;
  #result: { readonly examples: number; readonly metrics: MetricValues } | undefined;
  #weights: Uint8Array | undefined;
  #weightsBytes = 0;
  #expected = 0;
  #toldProgressAt = Number.NEGATIVE_INFINITY;

  private constructor(connected: ConnectedTrainer, work: TrainerWork, options: ExchangeOptions) {
    this.#connected = connected;
    this.#work = work;
    this.#options = options;
  }

  /**
   * @returns `answer`, which rejects with the signal's reason when aborted, and `free`, which resolves when the trainer can be given
   *   another task, or is gone: after an abort that is later.
   */
  static start(
    connected: ConnectedTrainer,
    work: TrainerWork,
    options: ExchangeOptions,
  ): { readonly answer: Promise<TrainerAnswer>; readonly free: Promise<void> } {
    const exchange = new TaskExchange(connected, work, options);
    exchange.#begin();
    return { answer: exchange.#answer.promise, free: exchange.#free.promise };
  }

  take(message: FromTrainer): void {
    const { trainer } = this.#connected;
    const { id, capability } = this.#work.frame;
    if (message.type === 'hello') throw this.#broken(notDue(trainer, { required: 'an answer', offered: 'hello' }));
    if (message.task !== id) {
      throw this.#broken(
        notDue(trainer, { required: `task ${id}`, offered: `${message.type} of task ${message.task}` }),
      );
    }
    if (!equalBytes(message.capability, capability)) throw this.#broken(wrongCapability(trainer, 'its task'));
    // Once it is told to stop, its time is fixed: progress does not lengthen it.
    if (!this.#stopped) this.#listenOn();
    if (message.type === 'progress') this.#tellProgress(message);
    else if (message.type === 'failure') this.#finish(refusedBy(trainer, message.code, message.message));
    else if (message.type === 'result') this.#takeResult(message);
    else this.#takeChunk(message);
  }

  lose(error: FederatedError): void {
    this.#finish(error);
  }

  #begin(): void {
    const { signal } = this.#work;
    this.#connected.occupy(this);
    signal?.addEventListener('abort', this.#stop);
    if (!this.#done) this.#listenOn();
    this.#send()
      .catch((cause: unknown) => {
        const error = new FederatedError('internal', 'a task could not be written for the trainer', { cause });
        this.#finish(error);
        this.#connected.drop(error);
      })
      .finally(() => {
        this.#sent = true;
        if (this.#done) this.#release();
      });
  }

  // Written piece by piece, from the tensors themselves: there is no second copy of the model.
  async #send(): Promise<void> {
    const { frame, topology, weights } = this.#work;
    const head = safetensorsHead(weights);
    const values = weights.map(valueBytes);
    await this.#connected.link.send({
      type: 'task',
      ...frame,
      topologyBytes: topology.length,
      weightsBytes: values.reduce((bytes, { length }) => bytes + length, head.length),
    });
    await this.#sendPart('topology', [topology]);
    await this.#sendPart('weights', [head, ...values]);
  }

  async #sendPart(part: 'topology' | 'weights', pieces: readonly Uint8Array[]): Promise<void> {
    const { id: task, capability } = this.#work.frame;
    let offset = 0;
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; at += bounds.frameBytes) {
        // A task that was stopped is told whole all the same: the trainer must find its end.
        if (this.#connected.link.ended) return;
        const data = piece.subarray(at, at + bounds.frameBytes);
        await this.#connected.link.send({ type: 'chunk', task, capability, part, offset, data });
        offset += data.length;
      }
    }
  }

  readonly #stop = (): void => {
    if (this.#stopped) return;
    this.#stopped = true;
    const { id: task, capability } = this.#work.frame;
    this.#answer.reject(this.#work.signal?.reason);
    this.#weights = undefined;
    this.#listenOn();
    void this.#connected.link.send({ type: 'cancel', task, capability });
  };

  #listenOn(): void {
    const { clock, silentMillis, stopMillis } = this.#options;
    const { trainer } = this.#connected;
    this.#endSilence();
    const [millis, what] = this.#stopped ? [stopMillis, 'went on though stopped'] : [silentMillis, 'said nothing'];
    this.#endSilence = clock.after(millis, () => {
      const error = silent(trainer, what, millis);
      this.#finish(error);
      this.#connected.drop(error);
    });
  }

  #tellProgress({ step, steps, metrics }: Extract<FromTrainer, { type: 'progress' }>): void {
    if (this.#result !== undefined) throw this.#outOfOrder('progress after the result');
    const now = this.#options.clock.monotonicMillis();
    if (this.#stopped || now - this.#toldProgressAt < progressMillis) return;
    this.#toldProgressAt = now;
    const told = metrics.length === 0 ? {} : { metrics: valuesOf(metrics) };
    this.#work.onProgress?.({ step, steps, ...told });
  }

  #takeResult({ examples, metrics, weightsBytes }: Extract<FromTrainer, { type: 'result' }>): void {
    const { trainer } = this.#connected;
    const { work } = this.#work.frame;
    if (this.#result !== undefined) throw this.#outOfOrder('a second result');
    this.#result = { examples, metrics: valuesOf(metrics) };
    if (work === 'evaluate') {
      if (weightsBytes !== 0) throw this.#broken(wrongWeights(trainer, { required: 'none', offered: weightsBytes }));
      this.#finish({ weights: [], ...this.#result });
      return;
    }
    const most = weightsBytesMax(this.#work.weights);
    if (weightsBytes < 8 || weightsBytes > most) {
      throw this.#broken(wrongWeights(trainer, { required: `8 to ${most} bytes`, offered: weightsBytes }));
    }
    if (!this.#stopped) this.#weights = new Uint8Array(weightsBytes);
    this.#expected = weightsBytes;
  }

  #takeChunk({ part, offset, data }: Extract<FromTrainer, { type: 'chunk' }>): void {
    if (this.#result === undefined || part !== 'weights') throw this.#outOfOrder(`a chunk of ${part}`);
    if (offset !== this.#weightsBytes || data.length > this.#expected - offset) {
      throw this.#outOfOrder(`a chunk at byte ${offset}`);
    }
    this.#weights?.set(data, offset);
    this.#weightsBytes += data.length;
    if (this.#weightsBytes < this.#expected) return;
    const { examples, metrics } = this.#result;
    this.#finish(this.#weights === undefined ? undefined : this.#checked(this.#weights, examples, metrics));
  }

  /** The trained weights in the order of the task, or what is wrong with them. */
  #checked(bytes: Uint8Array, examples: number, metrics: MetricValues): TrainerAnswer | FederatedError {
    const { trainer } = this.#connected;
    try {
      if (examples < 1)
        throw refusal('trainer.examples', `${trainer} trained on no example`, { required: '≥ 1', offered: examples });
      const shapes = this.#work.weights.map(({ name, shape }) => ({ name, shape }));
      const weights = splitTensors(flattenTensors(decodeSafetensors(bytes), shapes), shapes);
      return { weights: requireFiniteWeights(weights), examples, metrics };
    } catch (cause) {
      if (cause instanceof FederatedError && cause.code !== 'malformed') return cause;
      const offered = cause instanceof Error ? cause.message : 'something else';
      return wrongWeights(trainer, { required: 'safetensors of float32', offered }, cause);
    }
  }

  #outOfOrder(offered: string): FederatedError {
    return this.#broken(notDue(this.#connected.trainer, { required: 'messages in their order', offered }));
  }

  /** Ends the task; thrown by the caller, it ends the connection. */
  #broken(error: FederatedError): FederatedError {
    this.#finish(error);
    return error;
  }

  #finish(end: TrainerAnswer | FederatedError | undefined): void {
    if (this.#done) return;
    this.#done = true;
    this.#endSilence();
    this.#work.signal?.removeEventListener('abort', this.#stop);
    this.#connected.release();
    this.#weights = undefined;
    if (end instanceof FederatedError) this.#answer.reject(end);
    else if (end !== undefined) this.#answer.resolve(end);
    if (this.#sent) {
      this.#release();
      return;
    }
    // It answered before it read all of its task: the rest is read within this time, or never.
    const { clock, stopMillis } = this.#options;
    this.#endSilence = clock.after(stopMillis, () =>
      this.#connected.drop(silent(this.#connected.trainer, 'did not read its task', stopMillis)),
    );
  }

  #release(): void {
    this.#endSilence();
    this.#free.resolve();
  }
}

function valuesOf(metrics: readonly TrainerMetricFrame[]): MetricValues {
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}
