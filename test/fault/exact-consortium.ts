import { join } from 'node:path';
import { type ClientEvent, type ClientOptions, FederatedClient, type Trainer } from '@concordat/client-sdk';
import { type InitOptions, OperatorClient, openStore, type ProgressEvent, RunJournal } from '@concordat/coordinator';
import { decodeSafetensors, fromHex, type PlanDraft } from '@concordat/core';
import { CoordinatorProcess, type StartOptions } from '../e2e/coordinator-process.js';
import { EnrolledConsortium, modelOf, names } from '../hostile/consortium.js';
import { exactTrainer, unitsPerOne } from '../hostile/exact-trainer.js';
import { exactSum } from '../hostile/hostile-case.js';
import { automaticPolicy } from '../support/stepping.js';
import { ParticipantProcess } from './participant-process.js';

/** Long enough that nobody is dropped because something was started again. */
const patient = { selectMillis: 20_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };

/** What became of a run. */
export interface RunOutcome {
  readonly state: string;
  readonly rounds: readonly {
    readonly round: number;
    readonly outcome: string;
    readonly survivors: readonly string[];
  }[];
  /** Lanes of the last model that are not what the survivors of all published rounds make of the first one. */
  readonly wrongLanes: number;
}

export interface ParticipantOptions extends Pick<ClientOptions, 'transport' | 'wallMillis'> {
  /** The coordinator's unless said. */
  readonly address?: string;
  readonly onEvent?: (event: ClientEvent) => void;
}

/** Five organizations whose sums are checked to the unit, and their coordinator in a process of its own. */
export class ExactConsortium {
  readonly enrolled: EnrolledConsortium;
  readonly coordinator: CoordinatorProcess;
  readonly #clients: FederatedClient[] = [];
  readonly #processes: ParticipantProcess[] = [];
  readonly #directories = new Map<string, string>();
  /** Rounds of the run that was begun last in which somebody trained, in this process. */
  readonly #trained = new Map<string, number[]>();
  #runs = 0;

  private constructor(enrolled: EnrolledConsortium) {
    this.enrolled = enrolled;
    this.coordinator = new CoordinatorProcess(enrolled.real.directory);
  }

  /**
   * @param agoMillis the consortium is so old: certificates and entries begin then.
   * @param founding what else `init` is told.
   */
  static async open(agoMillis = 0, founding: Partial<InitOptions> = {}): Promise<ExactConsortium> {
    const wallMillis = () => Date.now() - agoMillis;
    const enrolled = await EnrolledConsortium.enrol({ wallMillis }, { wallMillis, ...founding });
    enrolled.real.operator.close();
    await enrolled.real.coordinator.stop();
    return new ExactConsortium(enrolled);
  }

  /** Of the process that was started last. */
  get address(): string {
    return `127.0.0.1:${this.coordinator.port}`;
  }

  start(options: StartOptions = {}): Promise<unknown> {
    return this.coordinator.start({ silent: true, ...options });
  }

  operator(): OperatorClient {
    return new OperatorClient({ ...this.enrolled.operatorKeys, address: this.address });
  }

  /** Start a run of everybody on a model of its own. @returns its name. */
  async begin(draft: Partial<PlanDraft> = {}): Promise<string> {
    this.#runs += 1;
    this.#trained.clear();
    const run = `run-${this.#runs}`;
    const operator = this.operator();
    for (const blob of [this.enrolled.topology, modelOf(this.#runs)]) await operator.put(blob);
    const plan = { run, rounds: 1, metrics: [], deadlines: patient, ...draft };
    await operator.startRun(await operator.propose(this.enrolled.plan(plan, this.#runs).signed), run);
    operator.close();
    return run;
  }

  /** Everything the operator is told of a run, to its end. */
  async watch(run: string, heard: (event: ProgressEvent) => void): Promise<void> {
    const operator = this.operator();
    try {
      await operator.watch(run, 1, ({ event }) => heard(event));
    } finally {
      operator.close();
    }
  }

  /** A client of this process. */
  async open(name: string, options: ParticipantOptions = {}): Promise<FederatedClient> {
    const { address = this.address, ...more } = options;
    const client = await FederatedClient.open({
      directory: this.directoryOf(name, address),
      trainer: this.#trainerOf(name),
      policy: automaticPolicy,
      ...more,
    });
    this.#clients.push(client);
    return client;
  }

  /** A client in a process of its own. @param under a command before it. */
  launch(name: string, directory: string, under: readonly string[] = []): ParticipantProcess {
    const launched = new ParticipantProcess(name, directory, under);
    this.#processes.push(launched);
    return launched;
  }

  /** Of a participant, which dials `address` from now on. */
  directoryOf(name: string, address = this.address): string {
    const known = this.#directories.get(name);
    if (known === undefined) this.#directories.set(name, this.enrolled.directoryOf(name, address));
    else this.enrolled.redirect(known, address);
    return this.#directories.get(name)!;
  }

  /** Everybody's clients, once through a run. @returns how each ended. */
  async takePart(optionsOf: (name: string) => ParticipantOptions = () => ({})): Promise<string[]> {
    const clients: FederatedClient[] = [];
    for (const name of names) clients.push(await this.open(name, optionsOf(name)));
    return Promise.all(clients.map(async (client) => (await client.run({ once: true }))?.outcome ?? 'stopped'));
  }

  /** How the run that was begun last ended. The coordinator's process is over then. */
  async outcome(run: string): Promise<RunOutcome> {
    const operator = this.operator();
    const status = (await operator.status()).runs.find((one) => one.run === run)!;
    const [bias] = decodeSafetensors(await operator.get(fromHex(status.modelHash)));
    operator.close();
    await this.coordinator.kill();
    const store = await openStore(join(this.enrolled.real.directory, 'coordinator', 'store'));
    const records = await new RunJournal(store, run).records();
    await store.close();
    const rounds = records
      .flatMap((one) => (one.type === 'round-ended' ? [one.record] : []))
      .map(({ round, outcome, survivors }) => ({ round, outcome: outcome.type, survivors: [...survivors].sort() }));
    const expected = new Float64Array(bias!.values.length).fill(this.#runs);
    for (const { round, outcome, survivors } of rounds) {
      if (outcome !== 'published') continue;
      for (const name of survivors) {
        exactSum([name], this.#trainedFor(name, round)).forEach((units, i) => {
          expected[i]! += units / unitsPerOne / survivors.length;
        });
      }
    }
    const half = 0.5 / unitsPerOne / names.length;
    const wrongLanes = bias!.values.filter((value, i) => Math.abs(value - expected[i]!) > half).length;
    return { state: status.state, rounds, wrongLanes };
  }

  /** Whose session was aborted offers the same update again: it is of the round in which it was trained. */
  #trainedFor(name: string, round: number): number {
    return Math.max(...(this.#trained.get(name) ?? []).filter((one) => one <= round), 0) || round;
  }

  #trainerOf(name: string): Trainer {
    const trainer = exactTrainer(name);
    return {
      ...trainer,
      fit: (task, ...rest) => {
        this.#trained.set(name, [...(this.#trained.get(name) ?? []), task.round]);
        return trainer.fit(task, ...rest);
      },
    };
  }

  /** Close clients and processes of participants, and stop the coordinator. */
  async rest(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await Promise.all(this.#processes.splice(0).map((one) => one.kill()));
    await this.coordinator.kill();
  }

  async close(): Promise<void> {
    await this.rest();
    await this.coordinator.close();
    this.enrolled.forget();
    await this.enrolled.close();
  }
}
