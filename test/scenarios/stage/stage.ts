import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { FederatedClient, type Trainer } from '@concordat/client-sdk';
import {
  Coordinator,
  configurationOf,
  type JournalEvent,
  OperatorClient,
  type OperatorKeys,
  openStore,
  readOperatorKeys,
  readSettings,
  verifyStore,
} from '@concordat/coordinator';
import { encodePlan, encodeSafetensors, signPlan } from '@concordat/core';
import { AppendLog, nodeCrypto, type Transport, tlsTransport } from '@concordat/node';
import { seededRandom } from '@concordat/sim';
import { type ChannelInterface, Client, credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { firstModel, planOf, policyOf, topologyOf, trainerOf } from './plan.js';
import { quiet } from './quiet.js';
import { coordinatorLines, digestOf, participantLines } from './record-lines.js';
import { type Level, type Message, messages, type StageEvent, type StageScenario } from './scenario.js';
import { aboutCall, Transcript } from './transcript.js';
import { type Held, type Passage, Turnstile } from './turnstile.js';
import { VirtualClock } from './virtual-clock.js';

/** What a run of a scenario left behind. */
export interface Played {
  readonly outcome: string;
  /** Round → SHA-256 of the packed integer sum, hexadecimal. */
  readonly sums: Readonly<Record<string, string>>;
  /** Hexadecimal digest of the last model's safetensors. */
  readonly modelHash: string;
  /** Coordinator and participants → SHA-256 over their records. */
  readonly journals: Readonly<Record<string, string>>;
  /** The coordinator's records of the run, oldest first. */
  readonly records: readonly JournalEvent[];
  readonly transcript: string;
}

/** More than any scenario needs: one that comes this far goes in circles. */
const stepsMax = 5_000;

interface Seat {
  readonly id: string;
  life: number;
  client: FederatedClient | undefined;
  directory: string;
}

/** Play a scenario with the real coordinator and the real clients. @param directory a copy of a founded consortium, for this run alone. */
export async function play(
  scenario: StageScenario,
  level: Exclude<Level, 'virtual'>,
  directory: string,
): Promise<Played> {
  const stage = new Stage(scenario, level, directory);
  try {
    return await stage.play();
  } finally {
    await stage.close();
  }
}

class Stage {
  readonly #scenario: StageScenario;
  readonly #level: Exclude<Level, 'virtual'>;
  readonly #directory: string;
  readonly #clock = new VirtualClock();
  readonly #transcript = new Transcript(() => this.#clock.now);
  readonly #turnstile = new Turnstile((crossing) => this.#transcript.cross(crossing));
  readonly #seats: Seat[];
  readonly #sums: Record<string, string> = {};
  readonly #leaving: Promise<unknown>[] = [];
  readonly #failures: unknown[] = [];
  #ended = false;
  readonly #trainers: Trainer[] = [];
  #training = 0;
  #events: readonly StageEvent[];
  #coordinator: Coordinator | undefined;
  #coordinatorLife = 0;
  #coordinatorDirectory: string;
  #operatorKeys: OperatorKeys | undefined;

  constructor(scenario: StageScenario, level: Exclude<Level, 'virtual'>, directory: string) {
    this.#scenario = scenario;
    this.#level = level;
    this.#directory = directory;
    this.#coordinatorDirectory = join(directory, 'consortium');
    this.#events = scenario.events;
    this.#seats = [...scenario.participants].sort().map((id) => ({
      id,
      life: 0,
      client: undefined,
      directory: join(directory, id),
    }));
  }

  async play(): Promise<Played> {
    const { name } = this.#scenario;
    await this.#startCoordinator();
    const planHash = await this.#propose();
    for (const seat of this.#seats) await this.#startClient(seat);
    await this.#settle();
    while (this.#next()) await this.#settle();
    await this.#operate((operator) => operator.startRun(planHash, name));
    this.#transcript.note('the operator starts the run');
    this.#follow();
    await this.#settle();
    for (let steps = 0; !this.#isOver; steps++) {
      if (steps === stepsMax) throw new Error(`scenario ${name} goes in circles:\n${this.#transcript.text()}`);
      if (!(await this.#step())) throw new Error(`scenario ${name} came to rest:\n${this.#transcript.text()}`);
      await this.#settle();
    }
    return this.#read();
  }

  async close(): Promise<void> {
    for (const { id, client, life } of this.#seats) {
      this.#turnstile.kill(id);
      this.#clock.end(`${id}#${life}`);
      await client?.close();
    }
    await Promise.all(this.#leaving);
    for (const trainer of this.#trainers) await trainer.close();
    await this.#coordinator?.stop();
  }

  /** The run has ended and everybody who is there has heard. */
  get #isOver(): boolean {
    return this.#ended && !this.#turnstile.waits();
  }

  /** One thing happens: a frame arrives, or a call goes out, or time passes. */
  async #step(): Promise<boolean> {
    if (this.#turnstile.handOver()) return true;
    const held = this.#inTurn(this.#turnstile.held());
    if (held !== undefined) {
      await this.#let(held);
      return true;
    }
    return this.#clock.advance() !== undefined;
  }

  /** The first by name. Of several groups none waits for another, or a call would wait for a whole session: the earliest step first. */
  #inTurn(held: readonly Held[]): Held | undefined {
    const { size, max } = this.#scenario.cohort;
    if (size <= max) return held[0];
    const place = ({ path, request }: Held) => {
      const { message, round } = aboutCall(path, request);
      return round * messages.length + messages.indexOf(message as Message);
    };
    return [...held].sort((a, b) => place(a) - place(b))[0];
  }

  #next(): boolean {
    const [held] = this.#turnstile.held();
    if (held !== undefined) this.#turnstile.letThrough(held, { type: 'pass' });
    return this.#turnstile.handOver() || held !== undefined;
  }

  async #let(held: Held): Promise<void> {
    const { message, round } = aboutCall(held.path, held.request);
    const event = this.#events.find(
      (one) => one.participant === held.participant && one.message === message && one.round === round,
    );
    if (event === undefined) return this.#turnstile.letThrough(held, { type: 'pass' });
    this.#events = this.#events.filter((one) => one !== event);
    this.#transcript.note(`at ${held.participant}'s ${message} of round ${round}: ${event.do}`);
    if (event.do === 'kill') return this.#kill(this.#seats.find(({ id }) => id === held.participant)!, event.millis);
    if (event.do === 'kill-coordinator') return this.#killCoordinator();
    this.#turnstile.letThrough(held, passageOf(event));
  }

  /** A process ends where it stands: what its disk holds at this moment is what the next one finds. */
  async #kill(seat: Seat, millis: number): Promise<void> {
    const { client, life, id } = seat;
    const next = join(this.#directory, `${id}.${life + 1}`);
    await cp(seat.directory, next, { recursive: true });
    await rm(join(next, 'lock'), { force: true });
    this.#turnstile.kill(id);
    this.#clock.end(`${id}#${life}`);
    seat.directory = next;
    seat.life += 1;
    seat.client = undefined;
    if (client !== undefined) this.#leaving.push(client.close());
    this.#clock.of('stage').after(millis, () => {
      this.#transcript.note(`${id} starts again`);
      this.#starting = this.#startClient(seat);
    });
  }

  #starting: Promise<void> = Promise.resolve();

  async #killCoordinator(): Promise<void> {
    const old = this.#coordinator!;
    const next = join(this.#directory, `consortium.${this.#coordinatorLife + 1}`);
    await cp(this.#coordinatorDirectory, next, { recursive: true });
    await rm(join(next, 'coordinator/store/lock'), { force: true });
    this.#clock.end(`coordinator#${this.#coordinatorLife}`);
    this.#coordinatorDirectory = next;
    this.#coordinatorLife += 1;
    this.#leaving.push(old.stop());
    await this.#startCoordinator();
    this.#turnstile.rewire();
    this.#follow();
    this.#transcript.note('the coordinator starts again');
  }

  async #startCoordinator(): Promise<void> {
    const { seed } = this.#scenario;
    this.#operatorKeys = await readOperatorKeys(this.#coordinatorDirectory);
    // Signs of life are many calls at an instant that does not pass.
    const flags = { directory: this.#coordinatorDirectory, callsPerSecond: '100000' };
    this.#coordinator = await Coordinator.start({
      directory: this.#coordinatorDirectory,
      configuration: configurationOf(await readSettings({ flags })),
      random: seededRandom(nodeCrypto, seed, `coordinator/${this.#coordinatorLife}`),
      clock: this.#clock.of(`coordinator#${this.#coordinatorLife}`),
      wallMillis: () => this.#clock.wallMillis(),
      listening: this.#level === 'grpc',
      log: pino({ level: 'info' }, this.#readLog()),
    });
  }

  async #startClient(seat: Seat): Promise<void> {
    const owner = `${seat.id}#${seat.life}`;
    const trainer = await trainerOf(this.#scenario, seat.id);
    this.#trainers.push(trainer);
    const client = await FederatedClient.open({
      directory: seat.directory,
      trainer: this.#watched(trainer),
      policy: policyOf(this.#scenario),
      random: (purpose) => seededRandom(nodeCrypto, this.#scenario.seed, `${owner}/${purpose}`),
      clock: this.#clock.of(owner),
      wallMillis: () => this.#clock.wallMillis(),
      transport: this.#turnstile.transport(seat.id, () => this.#line()),
    });
    seat.client = client;
    client.run({ once: true }).catch((error: unknown) => {
      if (seat.client === client) this.#failures.push(error);
    });
  }

  /** A worker's work is not seen in this thread: count it. */
  #watched(trainer: Trainer): Trainer {
    const count = async <Result>(work: Promise<Result>): Promise<Result> => {
      this.#training++;
      try {
        return await work;
      } finally {
        this.#training--;
      }
    };
    return {
      describe: () => trainer.describe(),
      fit: (request) => count(trainer.fit(request)),
      evaluate: (request) => count(trainer.evaluate(request)),
      close: () => trainer.close(),
    };
  }

  #line(): { readonly transport: Transport; readonly address: string } {
    const coordinator = this.#coordinator!;
    const transport = this.#level === 'grpc' ? tlsTransport : coordinator.inProcessTransport();
    return { transport, address: coordinator.address };
  }

  async #propose(): Promise<Uint8Array> {
    return this.#operate(async (operator) => {
      await operator.put(topologyOf(this.#scenario));
      await operator.put(encodeSafetensors(firstModel(this.#scenario)));
      const plan = encodePlan(planOf(this.#scenario));
      return operator.propose(signPlan(nodeCrypto, this.#operatorKeys!.operatorKey, plan));
    });
  }

  async #operate<Result>(work: (operator: OperatorClient) => Promise<Result>): Promise<Result> {
    const operator = new OperatorClient({ ...this.#operatorKeys!, ...this.#line() });
    try {
      return await work(operator);
    } finally {
      operator.close();
    }
  }

  /** Notice the end of the run as an operator would. */
  #follow(): void {
    const run = this.#coordinator!.run;
    if (run === undefined) {
      this.#ended = true;
      return;
    }
    const read = async () => {
      for await (const { event } of run.progress.watch(1)) this.#ended ||= event.type === 'finished';
    };
    this.#leaving.push(read());
  }

  /** Until nothing moves: this process is idle, and nothing is on its way on any line. */
  async #settle(): Promise<void> {
    for (let seen = -1; seen !== this.#turnstile.moves; ) {
      seen = this.#turnstile.moves;
      await this.#starting;
      await quiet(() => this.#training > 0);
      await Promise.all(this.#turnstile.channels().map(signOfLife));
      await quiet(() => this.#training > 0);
    }
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #readLog(): Writable {
    const sums = this.#sums;
    return new Writable({
      write(line: Buffer, _encoding, done) {
        const { round, sumHash, level, msg, err } = JSON.parse(line.toString('utf8'));
        if (sumHash !== undefined) sums[`round ${round}`] = sumHash;
        if (level >= 50) process.stderr.write(`${msg}: ${JSON.stringify(err)}\n`);
        done();
      },
    });
  }

  async #read(): Promise<Played> {
    await this.#coordinator!.stop();
    const store = await openStore(join(this.#coordinatorDirectory, 'coordinator/store'));
    const differences = await verifyStore(store);
    if (differences.length > 0) throw new Error(`rows are not what the journal says: ${JSON.stringify(differences)}`);
    const records = await store.journal.eventsOf(this.#scenario.name);
    const [run] = await store.runs.list();
    const modelHash = Buffer.from(run!.modelHash).toString('hex');
    await store.close();
    const journals: Record<string, string> = { coordinator: digestOf(records.map(({ body }) => body)) };
    this.#transcript.part('coordinator’s journal', coordinatorLines(records));
    for (const { id, directory } of this.#seats) {
      const { log, records: written } = await AppendLog.open(join(directory, 'journal.log'));
      await log.close();
      journals[id] = digestOf(written);
      this.#transcript.part(`${id}’s journal`, participantLines(written));
    }
    this.#transcript.part('frames', this.#transcript.traffic());
    const outcome = `${run!.state}${run!.reason === '' ? '' : `: ${run!.reason}`}`;
    const sums = Object.entries(this.#sums).map(([round, hash]) => `integer sum of ${round}: ${hash}`);
    this.#transcript.part('end', [...sums, `model version ${run!.modelVersion}: ${modelHash}`, outcome]);
    return { outcome, sums: this.#sums, modelHash, journals, records, transcript: this.#transcript.text() };
  }
}

function passageOf({ do: what, frames }: StageEvent): Passage {
  switch (what) {
    case 'disconnect':
      return { type: 'cut' };
    case 'lose-reply':
      return { type: 'lose-reply' };
    default:
      return { type: 'break', afterFrames: frames };
  }
}

/** Frames of a connection keep their order: when this answer is here, everything said before it is here too. */
function signOfLife(channelOverride: ChannelInterface): Promise<void> {
  const client = new Client(channelOverride.getTarget(), credentials.createInsecure(), { channelOverride });
  const asIs = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    const deadline = { deadline: Date.now() + 5_000 };
    client.makeUnaryRequest('/concordat.v1.Health/Check', asIs, asIs, Buffer.alloc(0), deadline, () => resolve());
  });
}
