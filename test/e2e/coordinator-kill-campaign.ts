import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enroll, FederatedClient, type Trainer } from '@concordat/client-sdk';
import {
  coordinatorWrites,
  OperatorClient,
  openStore,
  RunJournal,
  type RunStatus,
  type Store,
  verifyStore,
} from '@concordat/coordinator';
import {
  encodePlan,
  encodeSafetensors,
  FederatedError,
  type NamedTensor,
  type Plan,
  signPlan,
  toHex,
} from '@concordat/core';
import { type Clock, failpointPlaces, nodeCrypto, parseFailpoint, systemClock, type Transport } from '@concordat/node';
import { TestConsortium } from '../coordinator/consortium.js';
import { seeded } from '../coordinator/machine-participant.js';
import { automaticPolicy } from '../support/stepping.js';
import { testPlan } from '../support/test-plan.js';
import { CoordinatorProcess } from './coordinator-process.js';
import { type HeardReceipt, hearingTransport } from './heard-receipts.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'] as const;
const parameters = 1_000;
const rounds = 3;
/** A power of two: every update is whole units of the ring, so that rounding draws nothing. */
const unitsPerOne = 8_192;
const topology = Buffer.from('{"class_name":"Sequential"}');
const hour = 3_600_000;
/** Real time, but nobody waits long before dialling again: a campaign has hundreds of deaths. */
const impatient: Clock = {
  ...systemClock,
  sleep: (millis, signal) => systemClock.sleep(Math.min(millis, 100), signal),
};
/** Of a promise: a coordinator is ready again so soon. */
export const readyMillisMax = 5_000;

const policy = { ...automaticPolicy, roster: { ...automaticPolicy.roster, additions: 'auto' } } as const;

/** Every failpoint of a coordinator, without action and occurrence. */
export const failpoints: readonly string[] = failpointPlaces(coordinatorWrites).map(({ failpoint }) => failpoint);

/** How one life of the coordinator is to end. */
export interface Kill {
  /** `<write>.<side>:<action>:<nth>`, or `random:<milliseconds>` after it listens. */
  readonly kill: string;
}

/** How it ended. */
export interface EndedLife extends Kill {
  readonly by: string | number;
  /** It ended so, and not because the run was over before. */
  readonly fired: boolean;
  /** From the spawn to listening; undefined when it ended before. */
  readonly readyMillis: number | undefined;
}

export interface DisturbedRun {
  readonly lives: readonly EndedLife[];
  /** Participants are told so often that something is durable. */
  readonly acknowledgements: number;
  readonly violations: readonly string[];
}

/**
 * A coordinator's process that dies again and again, under five participants who do not; beside it another one, of the same organizations,
 * that lives. Every run is done at both: what is published must be the same, bit for bit.
 */
export class CoordinatorKillCampaign {
  readonly #program: string | undefined;
  readonly #dying: Site;
  readonly #living: Site;
  readonly #process: CoordinatorProcess;
  readonly #heard: HeardReceipt[] = [];
  readonly #next: () => Kill | undefined;
  readonly #port: number;
  #operator: OperatorClient;
  #lives: EndedLife[] = [];
  #runs = 0;
  #closing = false;
  #keeping: Promise<void> = Promise.resolve();
  #pausing: Promise<void> = Promise.resolve();
  #unpause: () => void = () => undefined;
  #current: { readonly kill: string; over: boolean; cut: boolean } | undefined;

  private constructor(parts: {
    readonly dying: Site;
    readonly living: Site;
    readonly port: number;
    readonly program: string | undefined;
    readonly next: () => Kill | undefined;
  }) {
    this.#dying = parts.dying;
    this.#living = parts.living;
    this.#port = parts.port;
    this.#program = parts.program;
    this.#next = parts.next;
    this.#process = new CoordinatorProcess(parts.dying.consortium.directory);
    this.#operator = this.#newOperator();
  }

  /** @param options.next how the next life ends; undefined when it shall not. */
  static async open(options: {
    readonly program?: string | undefined;
    readonly next: () => Kill | undefined;
  }): Promise<CoordinatorKillCampaign> {
    const dying = await Site.open();
    const living = await Site.open();
    const port = await freePort();
    await dying.consortium.coordinator.stop();
    const campaign = new CoordinatorKillCampaign({ ...options, program: options.program, dying, living, port });
    dying.moveTo(`127.0.0.1:${port}`);
    const heard = hearingTransport((receipt) => campaign.#heard.push(receipt));
    await living.connect(living.consortium.coordinator.inProcessTransport());
    await dying.connect(heard);
    campaign.#keeping = campaign.#keep();
    return campaign;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#unpause();
    await this.#process.close();
    await this.#keeping;
    this.#operator.close();
    await this.#dying.close();
    await this.#living.close();
  }

  /** One run at both, and in it as many deaths as come by. */
  async run(): Promise<DisturbedRun> {
    this.#runs += 1;
    this.#lives = [];
    const run = `kill-${this.#runs}`;
    this.#unpause();
    const [undisturbed, disturbed] = await Promise.all([this.#undisturbed(run), this.#disturbed(run)]);
    await this.#pause();
    const found = disturbed === undisturbed ? [] : [`${run}: published ${disturbed} instead of ${undisturbed}`];
    const violations = [...found, ...(await this.#violations(run))];
    const acknowledgements = this.#heard.length;
    return { lives: this.#lives, acknowledgements, violations };
  }

  async #undisturbed(run: string): Promise<string> {
    const { operator, coordinator } = this.#living.consortium;
    const planHash = await this.#living.propose(operator, run, this.#runs);
    const ends = this.#living.clients.map((client) => client.run({ once: true }));
    await operator.startRun(planHash, run);
    await Promise.all(ends);
    await coordinator.run!.ended;
    return toHex(coordinator.run!.modelHash);
  }

  async #disturbed(run: string): Promise<string> {
    await this.#newcomer(`${run}-newcomer`);
    const planHash = await this.#insist((operator) => this.#dying.propose(operator, run, this.#runs));
    const ends = this.#dying.clients.map((client) => client.run({ once: true }));
    await this.#insist((operator) => operator.startRun(planHash, run));
    const completed = await Promise.all(ends);
    for (const end of completed)
      if (end?.outcome !== 'completed') throw new Error(`${run} ended ${end?.outcome}: ${end?.reason}`);
    const modelHash = await this.#until(run, ({ state }) => state === 'completed');
    await this.#ended(`${run}-ended`);
    return modelHash;
  }

  /** A run that an operator holds, lets go on, and ends. */
  async #ended(run: string): Promise<void> {
    const planHash = await this.#insist((operator) => this.#dying.propose(operator, run, -this.#runs));
    const ends = this.#dying.clients.map((client) => client.run({ once: true }));
    await this.#insist((operator) => operator.startRun(planHash, run));
    // Everybody takes part: whoever was never offered it would wait for another run.
    await this.#until(run, ({ standing }) => standing !== undefined && standing.phase !== 'select');
    await this.#insist((operator) => operator.pauseRun(run, 'a test'));
    await this.#until(run, ({ state }) => state === 'paused');
    await this.#insist((operator) => operator.resumeRun(run).catch(unlessRunning));
    await this.#insist((operator) => operator.endRun(run, 'a test'));
    await Promise.all(ends);
    await this.#until(run, ({ state }) => state === 'aborted');
  }

  /** Somebody is invited, enrols and is admitted, whatever dies meanwhile. */
  async #newcomer(name: string): Promise<void> {
    const invitation = await this.#insist((operator) => operator.invite(name, name, 0));
    const directory = this.#dying.directoryOf(name);
    const onPending = (fingerprint: string) => void this.#insist((operator) => operator.admit(name, fingerprint));
    await this.#insist(() => enroll({ invitation, directory, onPending, pollMillis: 50 }));
  }

  /** @returns the model of the run. */
  async #until(run: string, isIt: (one: RunStatus) => boolean): Promise<string> {
    for (;;) {
      const { runs } = await this.#insist((operator) => operator.status());
      const found = runs.find((one) => one.run === run);
      if (found !== undefined && isIt(found)) return found.modelHash;
      await pause(100);
    }
  }

  /** A person or a program calls again until the coordinator answers. */
  async #insist<Result>(call: (operator: OperatorClient) => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await call(this.#operator);
      } catch (error) {
        if (!(error instanceof FederatedError) || !['unavailable', 'deadline'].includes(error.code)) throw error;
        this.#operator.close();
        await pause(100);
        this.#operator = this.#newOperator();
      }
    }
  }

  /** Start it again whenever it ended; that is all anybody does. */
  async #keep(): Promise<void> {
    while (!this.#closing) {
      await this.#pausing;
      if (this.#closing) return;
      await this.#live();
    }
  }

  async #live(): Promise<void> {
    const kill = this.#next()?.kill;
    const randomMillis = kill?.startsWith('random:') === true ? Number(kill.slice('random:'.length)) : undefined;
    const failpoint = randomMillis === undefined ? kill : undefined;
    const life = { kill: kill ?? 'none', over: false, cut: false };
    this.#current = life;
    const began = performance.now();
    const flags = ['--port', String(this.#port), '--address', `127.0.0.1:${this.#port}`, '--log-level', 'error'];
    const readyMillis = await this.#process.start({ failpoint, program: this.#program, flags, silent: true }).then(
      () => performance.now() - began,
      () => undefined,
    );
    const timer = randomMillis === undefined ? undefined : setTimeout(() => void this.#process.kill(), randomMillis);
    const { by, lastLine } = await this.#process.ended;
    clearTimeout(timer);
    life.over = true;
    const isExpected =
      by === 'SIGKILL' || (failpoint !== undefined && parseFailpoint(failpoint).action === 'error' && by === 2);
    const fired = isExpected && !life.cut;
    this.#lives.push({ kill: life.kill, by: isExpected ? by : `${by}: ${lastLine}`, fired, readyMillis });
  }

  /** Between two runs it is dead: what is on the disk is looked at. */
  async #pause(): Promise<void> {
    this.#pausing = new Promise((resolve) => {
      this.#unpause = resolve;
    });
    if (this.#current !== undefined) this.#current.cut = true;
    while (this.#current?.over === false) {
      await this.#process.kill();
      await pause(5);
    }
  }

  async #violations(run: string): Promise<string[]> {
    const store = await openStore(join(this.#dying.consortium.directory, 'coordinator/store'));
    try {
      return [
        ...this.#lives
          .filter(({ by }) => by !== 'SIGKILL' && by !== 2)
          .map(({ kill, by }) => `after ${kill}: ended with ${by}`),
        ...(await verifyStore(store)).map((one) => `${run}: ${JSON.stringify(one)}`),
        ...(await lostReceipts(store, run, this.#heard)),
        ...(await lostParticipants(store, run)),
        ...this.#leftovers(),
      ];
    } finally {
      await store.close();
    }
  }

  #leftovers(): string[] {
    const store = join(this.#dying.consortium.directory, 'coordinator/store');
    const files = (readdirSync(store, { recursive: true }) as string[]).filter((path) => path.endsWith('.part'));
    return files.map((path) => `${path} is left behind`);
  }

  #newOperator(): OperatorClient {
    return new OperatorClient({ ...this.#dying.consortium.operatorKeys, address: `127.0.0.1:${this.#port}` });
  }
}

/** Five organizations enrolled with one coordinator. */
class Site {
  readonly consortium: TestConsortium;
  readonly #directory = mkdtempSync(join(tmpdir(), 'concordat-killed-'));
  readonly clients: FederatedClient[] = [];
  #address = '';

  private constructor(consortium: TestConsortium) {
    this.consortium = consortium;
  }

  static async open(): Promise<Site> {
    const site = new Site(await TestConsortium.open());
    const { operator, coordinator } = site.consortium;
    for (const name of names) {
      const invitation = await operator.invite(name, name, 0);
      const onPending = (fingerprint: string) => void operator.admit(name, fingerprint);
      await enroll({ invitation, directory: site.directoryOf(name), pollMillis: 1, onPending });
    }
    site.moveTo(coordinator.address);
    return site;
  }

  directoryOf(name: string): string {
    return join(this.#directory, name);
  }

  moveTo(address: string): void {
    this.#address = address;
  }

  async connect(transport: Transport): Promise<void> {
    for (const name of names) {
      const directory = this.directoryOf(name);
      redirect(directory, this.#address);
      const options = { directory, trainer: trainer(name), policy, transport, clock: impatient };
      this.clients.push(await FederatedClient.open(options));
    }
  }

  async propose(operator: OperatorClient, run: string, initial: number): Promise<Uint8Array> {
    const tensors: readonly NamedTensor[] = [
      { name: 'dense/bias', shape: [parameters], values: new Float32Array(parameters).fill(initial) },
    ];
    for (const blob of [topology, encodeSafetensors(tensors)]) await operator.put(blob);
    const { operatorKey } = this.consortium.operatorKeys;
    return operator.propose(signPlan(nodeCrypto, operatorKey, encodePlan(planOf(run, tensors))));
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await this.consortium.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function planOf(run: string, tensors: readonly NamedTensor[]): Plan {
  return testPlan(
    { topology, tensors },
    {
      run,
      rounds,
      cohort: { min: 5, size: 5, max: 5 },
      reportingGoal: 5,
      clippingNorm: 32_767 / unitsPerOne,
      // Nobody is given up while a coordinator is dead: all survive, and so the undisturbed run is the same.
      deadlines: { selectMillis: hour, readyMillis: hour, stepMillis: hour, graceMillis: hour },
      aggregateCheck: 'on',
      transcriptRetention: 2,
    },
  );
}

/** Adds its participant's units of the round to every weight. */
function trainer(name: string): Trainer {
  return {
    describe: () => ({ engine: 'exact 1', kernels: 'none', why: 'a test' }),
    fit: async ({ weights, round }) => {
      const bytes = seeded(`update of ${name} in round ${round}`).bytes(2 * parameters);
      const units = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let next = 0;
      // The mean of five is whole units again: in every round, trained minus initial weights is exact, and rounding draws nothing.
      const moved = (value: number) =>
        value + (names.length * ((units.getUint16(2 * next++) % 399) - 199)) / unitsPerOne;
      return {
        weights: weights.map(({ name, shape, values }) => ({ name, shape, values: values.map(moved) })),
        examples: 10,
      };
    },
    evaluate: async () => ({ metrics: {}, examples: 1 }),
    close: async () => undefined,
  };
}

/** Every acknowledgement is in the store as it was given, and nobody was given two for one step. */
async function lostReceipts(store: Store, run: string, heard: readonly HeardReceipt[]): Promise<string[]> {
  const key = (one: { round: number; step: string; participant: string }) =>
    `${one.round} ${one.step} ${one.participant}`;
  const stored = new Map((await store.receipts.ofRun(run)).map((one) => [key(one), Buffer.from(one.body)]));
  return heard
    .filter((one) => one.run === run && stored.get(key(one))?.equals(one.body) !== true)
    .map((one) => `${run}: the receipt of ${key(one)} is ${stored.has(key(one)) ? 'another one' : 'lost'}`);
}

/** All rounds are published in one attempt each, with all participants. */
async function lostParticipants(store: Store, run: string): Promise<string[]> {
  const records = await new RunJournal(store, run).records();
  const ended = records.flatMap((record) => (record.type === 'round-ended' ? [record.record] : []));
  const lines = ended.map(({ round, outcome, survivors }) => `${round} ${outcome.type} ${survivors.length}`);
  const wanted = Array.from({ length: rounds }, (_, i) => `${i + 1} published ${names.length}`);
  const last = lines.slice(rounds).every((line) => line === `${rounds + 1} evaluated ${names.length}`);
  return lines.slice(0, rounds).join() === wanted.join() && last ? [] : [`${run}: ${lines.join(', ')}`];
}

/** Of a coordinator that died behind its answer: the run goes on already. */
function unlessRunning(error: unknown): void {
  if (!(error instanceof FederatedError) || error.code !== 'protocol') throw error;
}

/** From now on a directory's client dials `address`. */
function redirect(directory: string, address: string): void {
  const path = join(directory, 'enrolment.json');
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), address }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
