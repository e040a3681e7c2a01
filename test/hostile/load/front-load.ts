import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorClient } from '@concordat/coordinator';
import { decodeSafetensors, fromHex } from '@concordat/core';
import { CheckedConsortium } from '../../e2e/checked-consortium.js';
import { CoordinatorProcess } from '../../e2e/coordinator-process.js';
import { attacks } from './attacks.js';

export interface LoadOptions {
  /** Of the usual size of each attack, 0 … 1. */
  readonly share: number;
  /** Rounds that are played while nobody attacks, and the fewest beside the attacks. */
  readonly quietRounds: number;
  readonly rounds: number;
  readonly onLine?: (line: string) => void;
}

/** What the coordinator was like over some time. Times in milliseconds. */
interface Stretch {
  readonly lagMillis: number;
  /** Of a process beside it that does nothing. */
  readonly machineLagMillis: number;
  readonly residentBytes: number;
  readonly roundMillis: number;
}

export interface LoadResult {
  readonly quiet: Stretch;
  readonly attacked: Stretch;
  readonly answers: readonly { readonly name: string; readonly answer: string }[];
  readonly published: number;
  readonly abandoned: number;
  readonly lost: number;
  readonly outcome: string;
  /** Whether the last model is what everybody's updates amount to. */
  readonly exact: boolean;
  /** The coordinator's process is the one that was started. */
  readonly alive: boolean;
}

const participants = 12;
const sampleMillis = 500;

/** Twelve honest participants behind one address, a coordinator in a process of its own, and others in a process of theirs that attack it. */
export class FrontLoad {
  readonly #options: LoadOptions;
  readonly #consortium: CheckedConsortium;
  readonly #coordinator: CoordinatorProcess;
  readonly #idle: ChildProcess;
  readonly #idleLines: Interface;
  #observe = 0;
  #attacker: ChildProcess | undefined;

  private constructor(options: LoadOptions, consortium: CheckedConsortium) {
    this.#options = options;
    this.#consortium = consortium;
    this.#coordinator = new CoordinatorProcess(consortium.consortium.directory);
    this.#idle = spawn(process.execPath, [resolve(import.meta.dirname, 'idle-lag.js')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#idleLines = createInterface({ input: this.#idle.stdout! });
  }

  static async open(options: LoadOptions): Promise<FrontLoad> {
    const names = Array.from({ length: participants }, (_, i) => `member-${i + 1}`);
    return new FrontLoad(options, await CheckedConsortium.enrol(names));
  }

  async run(): Promise<LoadResult> {
    const { quietRounds, rounds, share } = this.#options;
    const { consortium, names } = this.#consortium;
    const insider = await consortium.join('insider');
    const { plan, planHash } = await consortium.propose({
      rounds: 1_000,
      cohort: { min: participants, size: participants, max: participants },
      reportingGoal: participants,
      onShortfall: { action: 'abort' },
      deadlines: { selectMillis: 2_000, readyMillis: 60_000, stepMillis: 30_000, graceMillis: 2_000 },
      aggregateCheck: 'off',
    });
    await consortium.coordinator.stop();
    this.#observe = await freePort();
    await this.#coordinator.start({ silent: true, flags: ['--observe', `127.0.0.1:${this.#observe}`] });
    const { port } = this.#coordinator;
    const pid = this.#coordinator.pid;
    for (const name of names) this.#consortium.redirect(name, `127.0.0.1:${port}`);
    const file = join(consortium.directory, 'targets.json');
    const { authorityPem } = insider.tls;
    writeFileSync(file, JSON.stringify({ stranger: { port, authorityPem }, insider: { port, ...insider.tls } }));

    const operator = new OperatorClient({ ...consortium.operatorKeys, address: `127.0.0.1:${port}` });
    const lives = names.map(async (name) => (await this.#consortium.open(name)).run({ once: true }));
    await operator.startRun(planHash, plan.run);
    const ended: {
      readonly published: boolean;
      readonly lost: number;
      readonly at: number;
      readonly model?: string;
    }[] = [];
    let outcome = 'nothing';
    let over = false;
    let wake = () => {};
    const watching = operator.watch(plan.run, 1, ({ event }) => {
      if (event.type === 'finished') outcome = event.outcome;
      if (event.type === 'round' && !over) {
        const published = event.outcome === 'published';
        ended.push({ published, lost: event.dropped.length, at: performance.now() });
      }
      wake();
    });
    const played = async (more: number) => {
      const until = ended.length + more;
      while (ended.length < until && outcome === 'nothing') await new Promise<void>((resolve) => (wake = resolve));
    };
    await played(3);
    const quiet = await this.#stretch(ended, () => played(quietRounds));
    const answers: { name: string; answer: string }[] = [];
    const attacked = await this.#stretch(ended, async () => {
      const before = ended.length;
      // Again and again as long as the rounds last; at least once.
      do await this.#attack(file, share, (line) => answers.push(line));
      while (ended.length - before < rounds && outcome === 'nothing');
    });
    // The round under way is given up now, and is none of those that count.
    over = true;
    await operator.endRun(plan.run, 'the test is over');
    await watching;
    await Promise.all(lives);
    const alive = this.#coordinator.pid === pid && isAlive(pid);
    const published = ended.filter((round) => round.published).length;
    const [run] = (await operator.status()).runs;
    const exact = await this.#isExact(operator, run!.modelHash, run!.modelVersion);
    operator.close();
    return {
      quiet,
      attacked,
      answers,
      published,
      abandoned: ended.length - published,
      lost: ended.reduce((sum, { lost }) => sum + lost, 0),
      outcome,
      exact,
      alive,
    };
  }

  async close(): Promise<void> {
    this.#attacker?.kill('SIGKILL');
    this.#idle.kill('SIGKILL');
    await this.#coordinator.close();
    await this.#consortium.end();
  }

  /** Everybody adds its own step to every weight, of rounds the last model has as many as its version. */
  async #isExact(operator: OperatorClient, modelHash: string, version: number): Promise<boolean> {
    const step = (0.001 * (participants + 1)) / 2;
    const tensors = decodeSafetensors(await operator.get(fromHex(modelHash)));
    const begins: Readonly<Record<string, number>> = { 'dense/kernel': 0.5, 'dense/bias': -0.25 };
    return tensors.every(({ name, values }) =>
      values.every((value) => Math.abs(value - begins[name]! - version * step) < 1e-4 * version),
    );
  }

  async #attack(
    file: string,
    share: number,
    onAnswer: (line: { name: string; answer: string }) => void,
  ): Promise<void> {
    const program = resolve(import.meta.dirname, 'attacker.js');
    const child = spawn(process.execPath, [program, file, String(share), '1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#attacker = child;
    const lines = createInterface({ input: child.stdout });
    let seen = 0;
    lines.on('line', (line) => {
      const answered = JSON.parse(line) as { name: string; answer: string };
      seen += 1;
      onAnswer(answered);
      this.#options.onLine?.(`${answered.name}: ${answered.answer}`);
    });
    await once(child, 'close');
    if (seen < attacks.length) throw new Error(`the attacker ended after ${seen} of ${attacks.length} attacks`);
  }

  async #stretch(ended: readonly { readonly at: number }[], during: () => Promise<void>): Promise<Stretch> {
    const before = ended.length;
    const started = performance.now();
    await Promise.all([this.#lag(), this.#machineLag()]);
    let over = false;
    const sampled = { lagMillis: 0, machineLagMillis: 0, residentBytes: 0 };
    const sampling = (async () => {
      while (!over) {
        await sleep(sampleMillis);
        const [lag, machineLag] = await Promise.all([this.#lag(), this.#machineLag()]);
        sampled.lagMillis = Math.max(sampled.lagMillis, lag);
        sampled.machineLagMillis = Math.max(sampled.machineLagMillis, machineLag);
        sampled.residentBytes = Math.max(sampled.residentBytes, residentBytes(this.#coordinator.pid));
      }
    })();
    await during();
    over = true;
    await sampling;
    return { ...sampled, roundMillis: (performance.now() - started) / Math.max(1, ended.length - before) };
  }

  /** The longest delay of the coordinator's event loop since it was asked last, from its own metrics. */
  async #lag(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#observe}/metrics`);
    const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await answer.text())?.[1];
    return 1000 * Number(seconds);
  }

  async #machineLag(): Promise<number> {
    const line = once(this.#idleLines, 'line');
    this.#idle.stdin!.write('\n');
    return Number(((await line) as [string])[0]);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
