import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** Characters of its stderr that are kept. */
const complaintsMax = 2_000;

const main = resolve(import.meta.dirname, '../e2e/dying-participant.js');

/** What a participant in a process of its own says, an event a line. */
export interface SaidEvent {
  readonly type: string;
  readonly round: number;
  readonly note: string;
}

/** A participant in a process of its own, with whole updates, once through a run. */
export class ParticipantProcess {
  readonly said: SaidEvent[] = [];
  /** Exit code or signal. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  #complaints = '';
  #heard: () => void = () => undefined;

  /** @param under a command before it, e.g. `env` with variables. */
  constructor(name: string, directory: string, under: readonly string[] = []) {
    const words = [...under, process.execPath, main, directory, name];
    this.#child = spawn(words[0]!, words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      process.stderr.write(text);
      this.#complaints = (this.#complaints + text).slice(-complaintsMax);
    });
    const reap = () => this.#child.kill('SIGKILL');
    process.once('exit', reap);
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      process.off('exit', reap);
      this.#heard();
      return (signal ?? code) as number | string;
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.said.push(JSON.parse(line) as SaidEvent);
      this.#heard();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it said last, and the end of what stands on its stderr. */
  get lastWords(): string {
    return `${JSON.stringify(this.said.at(-1))} ${this.#complaints}`;
  }

  /** Resolves when it has said an event of this type, of this round if one is named. */
  async says(type: string, round?: number): Promise<SaidEvent> {
    for (;;) {
      const found = this.said.find((one) => one.type === type && (round === undefined || one.round === round));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`a participant ended before it said ${type}: ${this.lastWords}`);
      }
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
