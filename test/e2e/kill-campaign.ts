import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { FederatedClient, participantWrites } from '@concordat/client-sdk';
import type { RoundReport } from '@concordat/coordinator';
import { decodeSafetensors } from '@concordat/core';
import { EnrolledConsortium, modelOf, names } from '../hostile/consortium.js';
import { Evidence } from '../hostile/evidence.js';
import { exactTrainer, unitsPerOne } from '../hostile/exact-trainer.js';
import { exactSum } from '../hostile/hostile-case.js';
import { hurriedClock } from '../support/hurried-clock.js';
import { automaticPolicy } from '../support/stepping.js';
import { RecordingRelay } from './recording-relay.js';

const program = resolve(import.meta.dirname, 'dying-participant.js');
const dying = names[0];
const others = names.slice(1);
/** Long enough for a process to die and start again: none of them is ever waited for. */
const deadlines = { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };

/** Every failpoint of a participant: both sides of every durable write, without the occurrence. */
export const failpoints: readonly string[] = Object.keys(participantWrites).flatMap((write) => [
  `${write}.before`,
  `${write}.after`,
]);

/** What became of one run in which a participant was killed. */
export interface KilledRun {
  /** How each of its lives ended: a signal, an exit code. */
  readonly ends: readonly (string | number)[];
  /** Whether its update is in the sum. */
  readonly contributed: boolean;
  /** What must not be; empty when all is well. */
  readonly violations: readonly string[];
}

/**
 * A coordinator, four participants in this process and one in a process of its own, which a failpoint kills in one run after the other.
 * Its directory stays the same: what it promised in one run holds in the next.
 */
export class KillCampaign {
  readonly #consortium: EnrolledConsortium;
  readonly #clock: ReturnType<typeof hurriedClock>;
  readonly #directory: string;
  /** Members compute sums anew and sign them before the run goes on. */
  readonly #checked: boolean;
  readonly #evidence = new Evidence();
  readonly #clients: FederatedClient[] = [];
  #relay!: RecordingRelay;
  #runs = 0;
  /** In the run under way: the participant said that it will not upload; who has. */
  #sitsOut = false;
  #uploaded = new Set<string>();
  /** Of the run under way: the participant has come, in whichever life. Only then it is started. */
  #connected: Promise<void> = Promise.resolve();
  #sayConnected: () => void = () => undefined;

  private constructor(consortium: EnrolledConsortium, clock: ReturnType<typeof hurriedClock>, checked: boolean) {
    this.#consortium = consortium;
    this.#clock = clock;
    this.#checked = checked;
    this.#directory = consortium.directoryOf(dying, 'the relay is not there yet');
  }

  /** @param options.checked its runs have the aggregate check on. */
  static async open(options: { readonly checked?: boolean } = {}): Promise<KillCampaign> {
    const clock = hurriedClock();
    const consortium = await EnrolledConsortium.enrol({ clock });
    const campaign = new KillCampaign(consortium, clock, options.checked === true);
    const address = () => consortium.real.coordinator.address;
    campaign.#relay = await RecordingRelay.listen({
      participant: dying,
      directory: campaign.#directory,
      tls: consortium.tls,
      address,
      evidence: campaign.#evidence,
    });
    consortium.redirect(campaign.#directory, campaign.#relay.address);
    campaign.#evidence.secretsOf(dying, campaign.#directory);
    for (const name of others) {
      const directory = consortium.directoryOf(name, address());
      const trainer = exactTrainer(name);
      campaign.#clients.push(await FederatedClient.open({ directory, trainer, policy: automaticPolicy }));
    }
    await consortium.real.operator.put(consortium.topology);
    return campaign;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#relay.close();
    await this.#consortium.close();
  }

  /** @param kills failpoints with action and occurrence, one for each life but the last. */
  async run(kills: readonly string[]): Promise<KilledRun> {
    this.#runs += 1;
    this.#sitsOut = false;
    this.#uploaded.clear();
    this.#connected = new Promise((resolve) => {
      this.#sayConnected = resolve;
    });
    const runId = `kill-${this.#runs}`;
    const { operator, coordinator } = this.#consortium.real;
    await operator.put(modelOf(this.#runs));
    const check = this.#checked ? ({ aggregateCheck: 'on', transcriptRetention: 2 } as const) : {};
    const { signed } = this.#consortium.plan({ run: runId, rounds: 1, deadlines, ...check }, this.#runs);
    const planHash = await operator.propose(signed);
    const reports: RoundReport[] = [];
    const over = this.#connected.then(async () => {
      await operator.startRun(planHash, runId);
      await operator.watch(runId, 1, ({ event }) => {
        if (event.type === 'round') reports.push(event);
        if (event.type === 'answered' && event.phase === 'upload') this.#uploaded.add(event.participant);
        this.#hurry();
      });
    });
    const [ends, ...runs] = await Promise.all([
      this.#live(kills, over),
      ...this.#clients.map((client) => client.run({ once: true })),
    ]);
    await over;
    const modelHash = coordinator.run!.modelHash;
    const [bias] = decodeSafetensors(await operator.get(modelHash));
    this.#evidence.filesOf(this.#directory);
    const violations = [
      ...this.#evidence.violations([dying], 1),
      ...ends.filter((end, life) => end !== 0 && end !== endBy(kills[life])).map((end) => `a life ended with ${end}`),
      ...runs.filter((end) => end?.outcome !== 'completed').map(() => 'another participant did not complete the run'),
      ...harmed(reports),
      ...inexact(reports, bias!.values, this.#runs),
      ...this.#leftovers(),
    ];
    this.#evidence.texts.length = 0;
    const contributed = reports.some(({ survivors }) => survivors.includes(dying));
    return { ends, contributed, violations };
  }

  /** Live and die, until the run is over. A write that fails ends a life, or the client gets over it. */
  async #live(kills: readonly string[], over: Promise<unknown>): Promise<(string | number)[]> {
    const ends: (string | number)[] = [];
    const left = [...kills];
    for (;;) {
      const kill = left.shift();
      const end = await this.#oneLife(kill, over);
      ends.push(end);
      if (end !== endBy(kill)) return ends;
    }
  }

  async #oneLife(kill: string | undefined, over: Promise<unknown>): Promise<string | number> {
    const environment = { ...process.env, NODE_ENV: 'test' };
    const env = kill === undefined ? environment : { ...environment, CONCORDAT_FAILPOINT: kill };
    const child = spawn(process.execPath, [program, this.#directory, dying], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const opened = this.#watch(child);
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    // A life that began too late for the run's farewell would wait for the next run.
    void Promise.all([over, opened]).then(() => child.stdin!.end());
    const [code, signal] = await closed;
    return signal ?? code ?? 'nothing';
  }

  /** @returns resolves when it has opened and can be told to leave. */
  #watch(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        resolve();
        this.#evidence.texts.push(line);
        const { type } = JSON.parse(line) as { readonly type: string };
        if (type === 'connected') this.#sayConnected();
        if (type === 'sitting-out') this.#sitsOut = true;
        this.#hurry();
      });
    });
  }

  /** Whoever lost its update cannot upload: once the others have, they would wait for it until the deadline. */
  #hurry(): void {
    if (!this.#sitsOut || this.#uploaded.size < others.length) return;
    this.#sitsOut = false;
    this.#clock.hurry();
  }

  #leftovers(): string[] {
    const held = readdirSync(this.#directory, { recursive: true }) as string[];
    return held.filter((path) => /\.(sealed|masked|tmp)$/.test(path)).map((path) => `${path} is left behind`);
  }
}

/** How a life ends by a failpoint. */
function endBy(failpoint: string | undefined): string | number | undefined {
  if (failpoint?.includes(':crash:')) return 'SIGKILL';
  return failpoint?.includes(':error:') ? 1 : undefined;
}

function harmed(reports: readonly RoundReport[]): string[] {
  const found = reports.flatMap(({ round, outcome, reason, survivors }) => {
    if (outcome !== 'published') return [`round ${round} is ${outcome}: ${reason}`];
    return others.filter((name) => !survivors.includes(name)).map((name) => `${name} was lost in round ${round}`);
  });
  return reports.length === 1 ? found : [...found, `${reports.length} rounds instead of one`];
}

/** The model is the initial one and exactly the survivors' mean: the sum is whole lane units. */
function inexact(reports: readonly RoundReport[], values: Float32Array, initial: number): string[] {
  return reports
    .filter(({ outcome }) => outcome === 'published')
    .flatMap(({ round, survivors }) => {
      const moved = values.map((value) => (value - initial) * unitsPerOne * survivors.length);
      const wrong = exactSum(survivors, round).filter((units, i) => Math.abs(moved[i]! - units) > 0.5);
      return wrong.length === 0 ? [] : [`${wrong.length} lanes of the sum are wrong`];
    });
}
