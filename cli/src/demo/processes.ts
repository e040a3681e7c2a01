import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** One JSON object that a child printed on a line of its stdout. */
export type Line = Readonly<Record<string, unknown>>;

export interface StartOptions {
  readonly logPath: string;
  readonly onLine: (line: Line) => void;
}

/** How one of our commands ended: its envelope, or what it left on stderr. */
export interface Outcome {
  readonly exitCode: number;
  readonly envelope: Line | undefined;
}

export interface Running {
  readonly pid: number;
  /** Resolves when the process is gone, for whatever reason. */
  readonly ended: Promise<number>;
  signal(name: NodeJS.Signals): void;
}

/** The exit code of a process that a signal ended. */
const endedBySignal = -1;

/**
 * The demo's child processes: each is our own command, as an operator or a partner would type it.
 * None outlives the demo: `stopAll` on every way out, and SIGKILL from the exit handler as the last resort.
 */
export class Processes {
  readonly #bin: string;
  readonly #live = new Set<ChildProcess>();
  readonly #killAll = (): void => {
    for (const child of this.#live) child.kill('SIGKILL');
  };

  /** @param bin path of `concordat.js`. */
  constructor(bin: string) {
    this.#bin = bin;
    process.on('exit', this.#killAll);
  }

  /** Start a command that keeps running: stderr and stdout go to `logPath`, each JSON line of its stdout to `onLine` too. */
  start(args: readonly string[], options: StartOptions): Running {
    const log = openSync(options.logPath, 'a');
    const child = spawn(process.execPath, [this.#bin, ...args], { stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    const ended = this.#track(child);
    if (child.pid === undefined) throw new Error(`cannot start ${process.execPath} ${this.#bin}`);
    readLines(child, options);
    return { pid: child.pid, ended, signal: (name) => child.kill(name) };
  }

  /** Run a command to its end and read the envelope on the last line of its stdout. */
  async run(args: readonly string[], options: { readonly logPath: string }): Promise<Outcome> {
    let envelope: Line | undefined;
    const { ended } = this.start(args, { ...options, onLine: (line) => (envelope = line) });
    return { exitCode: await ended, envelope };
  }

  /** SIGTERM, then SIGKILL after `patienceMillis`; resolves when no child is left. */
  async stopAll(patienceMillis = 5_000): Promise<void> {
    const children = [...this.#live];
    for (const child of children) child.kill('SIGTERM');
    const killer = setTimeout(this.#killAll, patienceMillis);
    await Promise.all(children.map((child) => new Promise((resolve) => endOf(child, resolve))));
    clearTimeout(killer);
    process.off('exit', this.#killAll);
  }

  #track(child: ChildProcess): Promise<number> {
    this.#live.add(child);
    return new Promise((resolve) =>
      endOf(child, (code) => {
        this.#live.delete(child);
        resolve(code);
      }),
    );
  }
}

/** Calls `then` when the process has ended and its pipes are read to the end. */
function endOf(child: ChildProcess, then: (code: number) => void): void {
  if (child.exitCode !== null || child.signalCode !== null) {
    then(child.exitCode ?? endedBySignal);
    return;
  }
  child.once('error', () => then(endedBySignal));
  child.once('close', (code) => then(code ?? endedBySignal));
}

function readLines(child: ChildProcess, options: StartOptions): void {
  if (child.stdout === null) return;
  createInterface({ input: child.stdout }).on('line', (text) => {
    appendFileSync(options.logPath, `${text}\n`);
    const line = parsed(text);
    if (line !== undefined) options.onLine(line);
  });
}

function parsed(text: string): Line | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
