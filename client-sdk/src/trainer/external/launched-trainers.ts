import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { FederatedError, printable } from '@concordat/core';
import type { Clock, Environment } from '@concordat/node';
import { ConnectedTrainer } from './connected-trainer.js';
import { LastLines } from './last-lines.js';
import { cannotStart, died, type ProcessEnd } from './trainer-failures.js';
import { TrainerLink } from './trainer-link.js';
import type { TrainerSource } from './trainer-source.js';

/** The descriptor on which a launched trainer finds its end of a socket pair. */
export const trainerDescriptor = 3;

/**
 * All that a launched trainer gets of our environment: where programs and libraries are, language, and how many threads to use.
 * Nothing of `CONCORDAT_…`: no path of ours, and no secret that strayed into a variable.
 */
export const trainerEnvironment = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'PYTHONPATH',
  'VIRTUAL_ENV',
  'CUDA_VISIBLE_DEVICES',
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
] as const;

export interface LaunchOptions {
  /** Program and arguments, run as they are, without a shell. Arguments are seen by everybody on the machine. */
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Environment;
  readonly startMillis: number;
  /** Between asking a process to end and ending it. */
  readonly stopMillis: number;
  readonly clock: Clock;
}

/** Trainers that are started here, one after another: a program, a socket pair, and what it printed last. */
export class LaunchedTrainers implements TrainerSource {
  readonly trainer: string;
  readonly how = 'launched';
  readonly launches = true;
  readonly #options: LaunchOptions;
  readonly #running = new Set<TrainerProcess>();

  /** @throws `invalid-argument` when no program is named. */
  constructor(options: LaunchOptions) {
    const [program] = options.command;
    if (program === undefined || program === '') {
      throw new FederatedError('invalid-argument', 'no program is named to launch a trainer', {
        fix: 'Name program and arguments, e.g. ["python3", "train.py"].',
      });
    }
    this.#options = options;
    this.trainer = printable(options.command.join(' ')).slice(0, 200);
  }

  async next(signal: AbortSignal): Promise<ConnectedTrainer> {
    signal.throwIfAborted();
    const process = this.#launch();
    this.#running.add(process);
    void process.ended.then(() => this.#running.delete(process));
    const end = (): void => void process.end();
    signal.addEventListener('abort', end);
    try {
      const connected = await ConnectedTrainer.greet(process.link, {
        trainer: this.trainer,
        capability: new Uint8Array(0),
        helloMillis: this.#options.startMillis,
        clock: this.#options.clock,
        explain: () => process.explain(),
      });
      // Whatever ends the connection ends the process.
      void connected.ended.then(() => process.end());
      return connected;
    } catch (error) {
      await process.end();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  #launch(): TrainerProcess {
    try {
      return new TrainerProcess(this.trainer, this.#options);
    } catch (cause) {
      throw cannotStart(this.trainer, cause);
    }
  }

  /** The last that the running trainer printed. */
  lines(): readonly string[] {
    return [...this.#running].flatMap((process) => process.lines());
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((process) => process.end()));
  }
}

class TrainerProcess {
  readonly link: TrainerLink;
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<ProcessEnd | FederatedError>;
  readonly #trainer: string;
  readonly #options: LaunchOptions;
  readonly #child: ChildProcess;
  readonly #printed = new LastLines();

  constructor(trainer: string, options: LaunchOptions) {
    this.#trainer = trainer;
    this.#options = options;
    const [program, ...args] = options.command;
    this.#child = spawn(program!, args, {
      cwd: options.workingDirectory,
      env: allowedEnvironment(options.environment),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // A group of its own: its helpers end with it, and a terminal's interrupt is ours to pass on.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (bytes: Buffer) => this.#printed.take(bytes)).on('error', () => undefined);
    }
    const socket = this.#child.stdio[trainerDescriptor] as Duplex;
    this.link = new TrainerLink(socket);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (cause) => {
        if (this.#child.pid !== undefined) return;
        this.link.close();
        resolve(cannotStart(trainer, cause));
      });
      // Not 'close': a helper that outlives the trainer may hold its standard error open.
      this.#child.once('exit', (exitCode, signal) => {
        setImmediate(() => {
          this.link.close();
          resolve({ exitCode, signal, lines: this.#printed.lines() });
        });
      });
    });
  }

  lines(): string[] {
    return this.#printed.lines();
  }

  /** Why the connection is over: the process is gone, or goes now. */
  async explain(): Promise<FederatedError> {
    void this.end();
    const end = await this.ended;
    return end instanceof FederatedError ? end : died(this.#trainer, end);
  }

  /** Let it go, then ask it to, then make it. */
  async end(): Promise<void> {
    this.link.close();
    const { clock, stopMillis } = this.#options;
    const ask = clock.after(stopMillis / 2, () => this.#kill('SIGTERM'));
    const make = clock.after(stopMillis, () => this.#kill('SIGKILL'));
    await this.ended;
    ask();
    make();
    // What it started and left behind.
    this.#kill('SIGKILL');
  }

  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // Gone already.
    }
  }
}

function allowedEnvironment(environment: Environment): Record<string, string> {
  const allowed: Record<string, string> = { CONCORDAT_TRAINER_DESCRIPTOR: String(trainerDescriptor) };
  for (const name of trainerEnvironment) {
    const value = environment[name];
    if (value !== undefined) allowed[name] = value;
  }
  return allowed;
}
