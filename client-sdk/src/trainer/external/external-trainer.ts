import { FederatedError, type NamedTensor, type Random, utf8Encode } from '@concordat/core';
import { type Clock, type Environment, systemClock, systemRandom } from '@concordat/node';
import type { EngineDescription, EvaluateRequest, EvaluateResult, FitRequest, FitResult, Trainer } from '../trainer.js';
import { AttachedTrainers } from './attached-trainers.js';
import type { ConnectedTrainer } from './connected-trainer.js';
import { LaunchedTrainers } from './launched-trainers.js';
import { Outcome } from './outcome.js';
import { TaskExchange, type TrainerAnswer, type TrainerWork } from './task-exchange.js';
import { absent, ruleUnknown } from './trainer-failures.js';
import type { TrainerSource } from './trainer-source.js';

/** A trainer in a process of its own: a program to launch, or a directory with a socket to which one attaches. */
export type ExternalTrainerPlace =
  | {
      /** Program and arguments, run as they are, without a shell. */
      readonly launch: readonly string[];
      /** Where it runs; the current directory unless said. */
      readonly workingDirectory?: string;
    }
  | { readonly attach: string };

/** How long a trainer may take. All at least 1. */
export interface TrainerPatience {
  /** From its start to its hello, and for a task to wait for one; 120 s unless said. */
  readonly startMillis?: number;
  /** Between two words while it works; 60 s unless said. */
  readonly silentMillis?: number;
  /** To stop when asked to; 5 s unless said. */
  readonly stopMillis?: number;
}

/** Where a trainer in a process of its own is found, and how long it is waited for. */
export type ExternalTrainerOptions = ExternalTrainerPlace &
  TrainerPatience & {
    /** Path of the records, given to the trainer with each task. */
    readonly data: string;
    /** Fixes, with seed and round, the order of examples and the holdout. */
    readonly participant: string;
    /** Share of the examples that is never trained on; 0.1 unless said. */
    readonly holdoutFraction?: number;
    /** Told when the process comes, goes or says something. */
    readonly onStatus?: (status: TrainerStatus) => void;
    /** What a launched trainer gets a few variables of; that of this process unless said. */
    readonly environment?: Environment;
    readonly clock?: Clock;
    /** Of capabilities; the system's unless said. */
    readonly random?: Random;
  };

/** What happens to an external trainer, between tasks too. */
export type TrainerStatus =
  | { readonly state: 'waiting'; readonly trainer: string }
  | { readonly state: 'ready'; readonly trainer: string; readonly name: string; readonly kernels: string }
  /** It is gone, or did not come: how, what it printed last, and when the next one is launched; absent where one attaches by itself. */
  | {
      readonly state: 'ended';
      readonly trainer: string;
      readonly error: FederatedError;
      readonly lines: readonly string[];
      readonly retryMillis?: number;
    }
  /** Somebody connected who may not. */
  | { readonly state: 'turned-away'; readonly trainer: string; readonly error: FederatedError };

const firstPauseMillis = 1_000;
const longestPauseMillis = 60_000;
/** Starts that fail one after another before a task is given up; the launching goes on, with pauses. */
const startsMax = 3;

/**
 * A trainer in another process, in whatever language. It gets each task with a capability of its own, the model and the path of the records:
 * never keys, and of the environment a short list. What goes wrong with it is a named failure of one task; the next finds a trainer again.
 *
 * @throws for a launched one that does not come up in three attempts the failure of the last: `unavailable` `trainer.start` or `trainer.died`,
 *   `deadline` `trainer.silent`, `protocol` `trainer.version` …; `permission` `trainer.directory`. One that attaches is not waited for.
 */
export async function createExternalTrainer(options: ExternalTrainerOptions): Promise<Trainer> {
  const { clock = systemClock, environment = process.env, onStatus = () => undefined } = options;
  const { startMillis = 120_000, stopMillis = 5_000 } = options;
  if ('launch' in options) {
    const { launch: command, workingDirectory = process.cwd() } = options;
    const launched = { command, workingDirectory, environment, startMillis, stopMillis, clock };
    const trainer = new ExternalTrainer(new LaunchedTrainers(launched), options);
    await trainer.ready().catch(async (error: unknown) => {
      await trainer.close();
      throw error;
    });
    return trainer;
  }
  const source = await AttachedTrainers.listen({
    directory: options.attach,
    helloMillis: startMillis,
    clock,
    ...(options.random === undefined ? {} : { random: options.random }),
    onTurnedAway: (trainer, error) => onStatus({ state: 'turned-away', trainer, error }),
  });
  return new ExternalTrainer(source, options);
}

class ExternalTrainer implements Trainer {
  readonly #source: TrainerSource;
  readonly #options: ExternalTrainerOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #keeping: Promise<void>;
  #connected: ConnectedTrainer | undefined;
  /** The one that came last, for people who ask while there is none. */
  #known: ConnectedTrainer | undefined;
  #waiting = new Outcome<ConnectedTrainer>();
  #failedStarts = 0;
  /** Ends since a task was done: how long to wait before the next launch. */
  #ends = 0;
  #tasks = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(source: TrainerSource, options: ExternalTrainerOptions) {
    this.#source = source;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#keeping = this.#keep();
  }

  /** @throws the last failure when three starts failed. */
  ready(): Promise<ConnectedTrainer> {
    const connected = this.#connected;
    return connected === undefined || connected.link.ended ? this.#waiting.promise : Promise.resolve(connected);
  }

  describe(): EngineDescription {
    const { trainer, how } = this.#source;
    const known = this.#known?.hello;
    return {
      engine: known?.name ?? 'an external trainer, not there yet',
      kernels: known?.kernels ?? 'not said',
      why: `${how}: ${trainer}`,
      external: true,
    };
  }

  async fit(request: FitRequest): Promise<FitResult> {
    const { model, weights, task, rule, round, seed, deadlineMillis, signal, onProgress } = request;
    if (rule !== undefined) throw ruleUnknown(this.#source.trainer);
    const { optimizer, batchSize, epochs = 0, steps = 0, loss } = task;
    const rest = { loss, optimizer: optimizer.name, learningRate: optimizer.learningRate, batchSize, epochs, steps };
    const places = {
      round,
      seed: `${seed}/${round}/${this.#options.participant}`,
      deadlineMillis: deadlineMillis ?? 0,
    };
    const answer = await this.#do('fit', { ...rest, ...places }, { model, weights, signal, onProgress });
    return { weights: answer.weights, examples: answer.examples };
  }

  async evaluate({ model, weights, loss, signal }: EvaluateRequest): Promise<EvaluateResult> {
    const none = {
      optimizer: '',
      learningRate: 0,
      batchSize: 0,
      epochs: 0,
      steps: 0,
      round: 0,
      seed: '',
      deadlineMillis: 0,
    };
    const { metrics, examples } = await this.#do('evaluate', { loss, ...none }, { model, weights, signal });
    return { metrics, examples };
  }

  async close(): Promise<void> {
    const error = new FederatedError('unavailable', 'the trainer is closed');
    this.#closing.abort(error);
    this.#connected?.drop(error);
    await this.#source.close();
    await this.#keeping;
  }

  /** One task after another; a task that was aborted is waited for until the trainer is free. */
  async #do(
    work: 'fit' | 'evaluate',
    words: Omit<TrainerWork['frame'], 'id' | 'capability' | 'work' | 'participant' | 'holdoutFraction' | 'data'>,
    rest: {
      readonly model: object;
      readonly weights: readonly NamedTensor[];
      readonly signal: AbortSignal | undefined;
      readonly onProgress?: TrainerWork['onProgress'];
    },
  ): Promise<TrainerAnswer> {
    const { participant, holdoutFraction = 0.1, data, random = systemRandom } = this.#options;
    const { silentMillis = 60_000, stopMillis = 5_000 } = this.#options;
    const { model, weights, signal, onProgress } = rest;
    const before = this.#turn;
    const turn = new Outcome<void>();
    this.#turn = turn.promise;
    /** What has to be over before the next task. */
    let free = before;
    try {
      await unlessAborted(before, signal);
      const connected = await this.#trainer(signal);
      const capability = random.bytes(32);
      const frame = { id: ++this.#tasks, capability, work, ...words, participant, holdoutFraction, data };
      const topology = utf8Encode(JSON.stringify(model));
      const exchange = TaskExchange.start(
        connected,
        { frame, topology, weights, signal, onProgress },
        { clock: this.#clock, silentMillis, stopMillis },
      );
      free = exchange.free;
      const answer = await exchange.answer;
      this.#ends = 0;
      return answer;
    } finally {
      void free.then(turn.resolve);
    }
  }

  /** The trainer that is there, or comes within its time. */
  async #trainer(signal: AbortSignal | undefined): Promise<ConnectedTrainer> {
    this.#closing.signal.throwIfAborted();
    const { startMillis = 120_000 } = this.#options;
    const late = new Outcome<never>();
    const stop = this.#clock.after(startMillis, () => late.reject(absent(this.#source.trainer, startMillis)));
    try {
      return await unlessAborted(Promise.race([this.ready(), late.promise]), signal);
    } finally {
      stop();
    }
  }

  /** Have a trainer as long as we are open: one after another. */
  async #keep(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const error = await this.#haveOne(signal);
      if (signal.aborted) break;
      await this.#pause(error, signal);
    }
    this.#waiting.reject(signal.reason);
  }

  /** @returns why it is gone, or did not come. */
  async #haveOne(signal: AbortSignal): Promise<FederatedError> {
    const { trainer } = this.#source;
    if (!this.#source.launches) this.#tell({ state: 'waiting', trainer });
    let connected: ConnectedTrainer;
    try {
      connected = await this.#source.next(signal);
    } catch (cause) {
      this.#failedStarts++;
      return cause instanceof FederatedError ? cause : new FederatedError('internal', String(cause), { cause });
    }
    this.#failedStarts = 0;
    this.#connected = this.#known = connected;
    this.#tell({ state: 'ready', trainer, ...connected.hello });
    this.#waiting.resolve(connected);
    this.#waiting = new Outcome();
    const error = await connected.ended;
    this.#connected = undefined;
    return error;
  }

  async #pause(error: FederatedError, signal: AbortSignal): Promise<void> {
    const { trainer, launches } = this.#source;
    const lines = Array.isArray(error.detail.lines) ? (error.detail.lines as readonly string[]) : [];
    const millis = Math.min(longestPauseMillis, firstPauseMillis * 2 ** Math.min(this.#ends++, 16));
    this.#tell({ state: 'ended', trainer, error, lines, ...(launches ? { retryMillis: millis } : {}) });
    if (this.#failedStarts >= startsMax) {
      this.#waiting.reject(error);
      this.#waiting = new Outcome();
      this.#failedStarts = 0;
    }
    if (launches) await this.#clock.sleep(millis, signal);
  }

  #tell(status: TrainerStatus): void {
    this.#options.onStatus?.(status);
  }
}

function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
