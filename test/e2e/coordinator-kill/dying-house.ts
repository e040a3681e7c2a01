import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorClient, restore } from '@concordat/coordinator';
import { failpointActs, parseFailpoint, type Transport } from '@concordat/node';
import type { TestConsortium } from '../../coordinator/consortium.js';
import { CoordinatorProcess } from '../coordinator-process.js';
import { type HeardReceipt, hearingTransport } from '../heard-receipts.js';
import { type House, insist, pause } from './house.js';

/** How one life of the coordinator ended. */
export interface EndedLife {
  /** The failpoint that ended it, or `random:<milliseconds>`; undefined when nothing of the campaign did. */
  readonly kill: string | undefined;
  readonly by: string | number;
  /** From the spawn to listening; undefined when it ended before. */
  readonly readyMillis: number | undefined;
  /** What must not be: it ended by itself. */
  readonly violation: string | undefined;
}

/** A life under way. */
interface Life {
  /** It was ended from outside, with this signal. */
  ended?: 'SIGKILL' | 'SIGTERM';
  over: boolean;
}

/** A coordinator's process that dies again and again, and that somebody starts again whenever it ended: that is all anybody does. */
export class DyingHouse implements House {
  readonly heard: HeardReceipt[] = [];
  readonly transport: Transport = hearingTransport((receipt) => this.heard.push(receipt));
  readonly address: string;
  readonly #consortium: TestConsortium;
  readonly #process: CoordinatorProcess;
  readonly #port: number;
  readonly #program: string | undefined;
  #operator: OperatorClient;
  #armed: string[] = [];
  #randoms: number[] = [];
  #lives: EndedLife[] = [];
  #flags: readonly string[] = [];
  #closing = false;
  #life: Life | undefined;
  #resting = false;
  #paused: Promise<void> = Promise.resolve();
  #unpause: () => void = () => undefined;
  #keeping: Promise<void> | undefined;

  constructor(consortium: TestConsortium, port: number, program: string | undefined) {
    this.#consortium = consortium;
    this.#process = new CoordinatorProcess(consortium.directory);
    this.#port = port;
    this.#program = program;
    this.address = `127.0.0.1:${port}`;
    this.#operator = this.#newOperator();
  }

  /** What of the deaths below has not come by. */
  get left(): { readonly armed: readonly string[]; readonly randoms: readonly number[] } {
    return { armed: this.#armed, randoms: this.#randoms };
  }

  /**
   * It lives from here on, and dies so.
   *
   * @param armed failpoints with action and occurrence: all of them in every life, each until it acted.
   * @param randoms milliseconds after it listens, one for each life.
   */
  live(armed: readonly string[], randoms: readonly number[]): void {
    this.#armed = [...armed];
    this.#randoms = [...randoms];
    this.#lives = [];
    this.#wake();
    this.#keeping ??= this.#keep();
  }

  /** It is dead from here on. @returns its lives since it began to. */
  async rest(): Promise<readonly EndedLife[]> {
    this.#resting = true;
    this.#paused = new Promise((resolve) => {
      this.#unpause = resolve;
    });
    await this.#end('SIGKILL');
    return this.#lives;
  }

  operate<Result>(call: (operator: OperatorClient) => Promise<Result>): Promise<Result> {
    return insist(
      () => call(this.#operator),
      () => {
        if (this.#closing) throw new Error('nobody starts it again');
        this.#operator.close();
        this.#operator = this.#newOperator();
      },
    );
  }

  async drain(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async restore(_run: string, copy: string): Promise<void> {
    await this.rest();
    const { directory } = this.#consortium;
    rmSync(join(directory, 'coordinator/store'), { recursive: true });
    await restore({ from: copy, directory, configuration: async () => ({ address: this.address }) });
    // The operator's command line, which is repeated whenever the process ends before it listens.
    this.#flags = ['--new-incarnation'];
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#wake();
    await this.#process.close();
    await this.#keeping;
    this.#operator.close();
  }

  async #keep(): Promise<void> {
    while (!this.#closing) {
      await this.#paused;
      if (this.#closing) return;
      if (!this.#resting) await this.#live();
    }
  }

  #wake(): void {
    this.#resting = false;
    this.#unpause();
  }

  async #live(): Promise<void> {
    const life: Life = { over: false };
    this.#life = life;
    const armed = [...this.#armed];
    const said: string[] = [];
    const began = performance.now();
    const flags = ['--port', String(this.#port), '--address', this.address, '--log-level', 'error', ...this.#flags];
    const readyMillis = await this.#process
      .start({
        failpoint: armed.length === 0 ? undefined : armed.join(),
        program: this.#program,
        flags,
        onErrorLine: (line) => said.push(line),
      })
      .then(
        () => performance.now() - began,
        () => undefined,
      );
    if (readyMillis !== undefined) this.#flags = [];
    const random = readyMillis === undefined ? undefined : this.#randoms[0];
    let killed: number | undefined;
    const timer = setTimeout(
      () => {
        killed = random;
        void this.#process.kill();
      },
      random ?? 2 ** 30,
    );
    const { by, lastLine } = await this.#process.ended;
    clearTimeout(timer);
    life.over = true;
    const acted = actedOf(armed, said, by, life.ended === undefined && killed === undefined);
    this.#armed = this.#armed.filter((one) => one !== acted);
    if (acted === undefined && killed !== undefined) this.#randoms.shift();
    const kill = acted ?? (killed === undefined ? undefined : `random:${killed}`);
    const isMeant = kill !== undefined || (life.ended === 'SIGKILL' && by === 'SIGKILL') || isDrained(life, by);
    const last = [lastLine, ...said.slice(-3)].join(' | ');
    const violation = isMeant || this.#closing ? undefined : `ended with ${by}: ${last}`;
    this.#lives.push({ kill, by, readyMillis, violation });
    // Whoever keeps it does not start it as fast as it ends.
    if (violation !== undefined) await pause(500);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    let heard = false;
    while (!life.over) {
      life.ended = signal;
      // SIGTERM once: whoever repeats it means an end without ceremony.
      if (!heard || signal === 'SIGKILL') heard = this.#process.signal(signal);
      await Promise.race([this.#process.ended, pause(50)]);
      await pause(5);
    }
  }

  #newOperator(): OperatorClient {
    return new OperatorClient({ ...this.#consortium.operatorKeys, address: `127.0.0.1:${this.#port}` });
  }
}

/** The failpoint that ended a life; a single one that is armed does not say so. */
function actedOf(
  armed: readonly string[],
  said: readonly string[],
  by: string | number,
  byItself: boolean,
): string | undefined {
  const line = said.find((one) => one.startsWith(failpointActs));
  if (line !== undefined) return line.slice(failpointActs.length);
  const [only] = armed;
  if (armed.length !== 1 || !byItself) return undefined;
  return by === (parseFailpoint(only!).action === 'error' ? 2 : 'SIGKILL') ? only : undefined;
}

/** Told to stop, it may be so early that nobody listens for it. */
function isDrained({ ended }: Life, by: string | number): boolean {
  return ended === 'SIGTERM' && (by === 0 || by === 'SIGTERM');
}
