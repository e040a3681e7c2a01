import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { FederatedClient } from '@concordat/client-sdk';
import { OperatorClient, type ProgressEvent } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { fullCollection } from '@concordat/node';
import { CheckedConsortium } from '../e2e/checked-consortium.js';
import { CoordinatorProcess } from '../e2e/coordinator-process.js';
import { resetSocket } from '../support/reset-socket.js';

export interface SoakOptions {
  readonly clients: number;
  readonly rounds: number;
  /** Chance of a fault, for each client and round: half of them a cut line, half a process that ends and starts again. */
  readonly faults: number;
  readonly seed: number;
  /** Told of every round. */
  readonly onRound?: (sample: SoakSample) => void;
}

/** What is held after a round. */
export interface SoakSample {
  readonly round: number;
  readonly outcome: 'published' | 'abandoned';
  readonly reason: string;
  /** Of the coordinator's process. */
  readonly residentBytes: number;
  readonly descriptors: number;
  /** What lives in this process, with all clients in it: of its heap, and outside of it. */
  readonly clientBytes: number;
  /** The same process, with what V8 keeps for later: pages that are partly free. */
  readonly clientResidentBytes: number;
  readonly clientDescriptors: number;
}

export interface SoakResult {
  readonly outcome: string;
  readonly published: number;
  readonly abandoned: number;
  readonly cuts: number;
  readonly restarts: number;
  /** How often the stream that the harness watches ended before the run, and was opened again. */
  readonly watchedAgain: number;
  readonly samples: readonly SoakSample[];
}

const watchAgainMillis = 200;

/** A consortium with a coordinator in a process of its own, which runs for long while lines are cut and clients start again. */
export class Soak {
  readonly #options: SoakOptions;
  readonly #consortium: CheckedConsortium;
  readonly #coordinator: CoordinatorProcess;
  readonly #lines = new Map<string, Line>();
  readonly #clients = new Map<string, FederatedClient>();
  readonly #closing = new Map<string, Promise<void>>();
  #draws: number;
  #over = false;
  #cuts = 0;
  #restarts = 0;
  #watchedAgain = 0;

  readonly #collect = fullCollection();

  private constructor(options: SoakOptions, consortium: CheckedConsortium) {
    this.#options = options;
    this.#draws = options.seed;
    this.#consortium = consortium;
    // Of hundreds of rounds they would be what grows.
    consortium.keepsEvents = false;
    this.#coordinator = new CoordinatorProcess(consortium.consortium.directory);
  }

  static async open(options: SoakOptions): Promise<Soak> {
    const names = Array.from({ length: options.clients }, (_, i) => `member-${i + 1}`);
    const soak = new Soak(options, await CheckedConsortium.enrol(names));
    const address = await soak.#coordinator.listen();
    for (const name of names) {
      const line = await Line.listen(Number(address.split(':')[1]));
      soak.#lines.set(name, line);
      soak.#consortium.redirect(name, `127.0.0.1:${line.port}`);
    }
    return soak;
  }

  async run(): Promise<SoakResult> {
    const { consortium, names } = this.#consortium;
    const { clients, rounds } = this.#options;
    const { plan, planHash } = await consortium.propose({
      rounds,
      cohort: { min: Math.ceil(0.6 * clients), size: clients, max: clients },
      reportingGoal: Math.ceil(0.8 * clients),
      maxColluders: 1,
      onShortfall: { action: 'retry', times: 1000 },
      deadlines: { selectMillis: 500, readyMillis: 60_000, stepMillis: 15_000, graceMillis: 1_000 },
      aggregateCheck: 'on',
      transcriptRetention: 2,
    });
    await consortium.coordinator.stop();
    await this.#coordinator.start({ silent: true });
    const operator = new OperatorClient({
      ...consortium.operatorKeys,
      address: `127.0.0.1:${this.#coordinator.port}`,
    });
    const samples: SoakSample[] = [];
    let outcome = 'nothing';
    const lives = names.map((name) => this.#live(name));
    await operator.startRun(planHash, plan.run);
    await this.#watch(operator, plan.run, (event) => {
      if (event.type === 'finished') outcome = event.outcome;
      if (event.type !== 'round') return;
      const sample = { round: event.round, outcome: event.outcome, reason: event.reason, ...this.#held() };
      samples.push(sample);
      this.#options.onRound?.(sample);
      this.#disturb();
    });
    this.#over = true;
    operator.close();
    await Promise.all(lives);
    const published = samples.filter((sample) => sample.outcome === 'published').length;
    const abandoned = samples.length - published;
    const faults = { cuts: this.#cuts, restarts: this.#restarts, watchedAgain: this.#watchedAgain };
    return { outcome, published, abandoned, ...faults, samples };
  }

  /** Until the run is over, however often the stream ends before it. */
  async #watch(operator: OperatorClient, run: string, onEvent: (event: ProgressEvent) => void): Promise<void> {
    let [next, isOver] = [1, false];
    while (!isOver) {
      try {
        await operator.watch(run, next, ({ sequence, event }) => {
          next = sequence + 1;
          isOver ||= event.type === 'finished';
          onEvent(event);
        });
      } catch (error) {
        if (!(error instanceof FederatedError) || error.code !== 'unavailable') throw error;
      }
      if (!isOver) this.#watchedAgain += 1;
      if (!isOver) await new Promise((resolve) => setTimeout(resolve, watchAgainMillis));
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.close();
    for (const line of this.#lines.values()) line.close();
    await this.#coordinator.close();
    await this.#consortium.end();
  }

  /** One process after another of a client, until the run is over. */
  async #live(name: string): Promise<void> {
    while (!this.#over) {
      const client = await this.#consortium.open(name);
      this.#clients.set(name, client);
      const end = await client.run({ once: true });
      this.#clients.delete(name);
      await this.#closing.get(name);
      await this.#consortium.close(name);
      if (end !== undefined) return;
    }
  }

  #disturb(): void {
    const { faults } = this.#options;
    for (const [name, line] of this.#lines) {
      const draw = this.#draw();
      if (draw < faults / 2) {
        line.cut();
        this.#cuts += 1;
      } else if (draw < faults) {
        const client = this.#clients.get(name);
        if (client !== undefined) this.#closing.set(name, client.close());
        this.#restarts += 1;
      }
    }
  }

  #held(): Omit<SoakSample, 'round' | 'outcome' | 'reason'> {
    const pid = this.#coordinator.pid;
    // What a weak reference led to is gone one collection later.
    for (let collections = 0; collections < 3; collections++) this.#collect();
    const { heapUsed, external } = process.memoryUsage();
    return {
      residentBytes: residentBytes(String(pid)),
      descriptors: descriptors(String(pid)),
      clientBytes: heapUsed + external,
      clientResidentBytes: residentBytes('self'),
      clientDescriptors: descriptors('self'),
    };
  }

  /** Mulberry32: which faults come does not depend on the machine. */
  #draw(): number {
    this.#draws = (this.#draws + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#draws ^ (this.#draws >>> 15), 1 | this.#draws);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** The line of one client to the coordinator. */
class Line {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const far = connect(port, '127.0.0.1');
      client.pipe(far).pipe(client);
      for (const [socket, other] of [
        [client, far],
        [far, client],
      ] as const) {
        this.#sockets.add(socket);
        socket
          .on('error', () => socket.destroy())
          .on('close', () => {
            this.#sockets.delete(socket);
            other.destroy();
          });
      }
    });
  }

  static async listen(port: number): Promise<Line> {
    const line = new Line(port);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  cut(): void {
    for (const socket of this.#sockets) resetSocket(socket);
  }

  close(): void {
    this.#server.close();
    this.cut();
  }
}

function residentBytes(process: string): number {
  const text = readFileSync(`/proc/${process}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]);
}

function descriptors(process: string): number {
  return readdirSync(`/proc/${process}/fd`).length;
}
