import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CommandFailure } from '../failure.js';
import { slowBytesPerSecond } from './chaos.js';
import { Desk } from './desk.js';
import { type DemoFolder, type OrganizationFolder, organizationFolder } from './folder.js';
import type { DemoOptions } from './options.js';
import { writeInitialModel, writePlan } from './plan.js';
import { writePolicy } from './policy.js';
import type { Line, Processes, Running } from './processes.js';
import { type RoundTerms, roundTerms } from './thresholds.js';
import type { ParticipantView } from './view.js';

/** Names of the demo's consortium, its operator and its run. */
export const consortiumName = 'digits';
export const operatorName = 'operator';
export const runName = 'digits-1';
/** The run that a kept directory is ready for. */
export const nextRunName = 'digits-2';

export interface ConsortiumOptions {
  readonly processes: Processes;
  readonly folder: DemoFolder;
  readonly options: DemoOptions;
  readonly participants: readonly ParticipantView[];
  /** The organization whose line is slow until it comes back; undefined for none. */
  readonly slow: string | undefined;
  /** A process that stays was started. */
  readonly started: (role: 'coordinator' | 'participant', id: string, pid: number) => void;
}

/** The operator and the organizations of the demo: every step is a command that each of them would type. */
export class Consortium {
  readonly #options: ConsortiumOptions;
  readonly #desk: Desk;
  readonly #terms: RoundTerms;
  readonly #serving = new Map<string, Running>();
  /** Processes whose end is wanted. */
  readonly #expected = new Set<Running>();
  #planHash = '';
  #lose: (failure: CommandFailure) => void = () => {};
  /** Rejects when a process ends that should not. */
  readonly #lost: Promise<never>;

  constructor(options: ConsortiumOptions) {
    this.#options = options;
    this.#desk = new Desk(options.processes, join(options.folder.logs, 'commands.log'));
    this.#terms = roundTerms(options.participants.length);
    this.#lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.#lost.catch(() => undefined);
  }

  /** Found it, start the coordinator, bring everybody in, start everybody. */
  async found(say: (stage: string) => void): Promise<void> {
    const { folder, participants, options } = this.#options;
    const address = `127.0.0.1:${await freePort()}`;
    const names = ['--consortium', consortiumName, '--operator', operatorName, '--address', address];
    await this.#desk.type('coordinator', 'init', folder.consortium, ...names);
    say(`the operator founded consortium ${consortiumName} and starts the coordinator on ${address}`);
    await this.#startCoordinator();
    await Promise.all(participants.map(({ id }) => this.#invite(id)));
    say(`${participants.length} organizations are invited and enrol, each with keys of its own`);
    await this.#enrolAll();
    say('the operator compared the fingerprints and admitted everybody');
    for (const { id } of participants) {
      this.#policy(id, this.#options.slow === id ? slowBytesPerSecond : undefined);
      this.#serve(id);
    }
    await writeInitialModel(folder.initialModel, options.seed);
    await writePlan(folder.plan, { terms: this.#terms, options, participants, run: runName });
  }

  /**
   * Propose the plan, start the run and follow it to its end, then export the model.
   *
   * @param onLine each line of `run watch --json`.
   */
  async train(onLine: (line: Line) => void): Promise<void> {
    const { folder } = this.#options;
    const operator = ['--directory', folder.consortium];
    this.#planHash = await this.#propose(folder.plan, folder.initialModel);
    await this.#race(
      this.#desk.type('coordinator', 'run', 'start', '--plan', this.#planHash, '--run', runName, ...operator),
    );
    let finished: Line | undefined;
    const watch = this.#options.processes.start(
      ['coordinator', 'run', 'watch', '--run', runName, '--json', ...operator],
      {
        logPath: join(folder.logs, 'commands.log'),
        onLine: (line) => {
          if (line.type === 'finished') finished = line;
          onLine(line);
        },
      },
    );
    await this.#race(watch.ended);
    if (finished?.outcome !== 'completed') return;
    const targets = ['--tfjs', folder.resultModel, '--safetensors', folder.resultSafetensors];
    await this.#race(this.#desk.type('model', 'export', '--run', runName, ...targets, ...operator));
  }

  /**
   * Propose a plan for a further run that begins with the trained model, so that a kept directory can be started again.
   *
   * @returns the plan's hash, hex.
   */
  async proposeNext(): Promise<string> {
    const { folder, options, participants } = this.#options;
    await writePlan(folder.nextPlan, {
      terms: this.#terms,
      options,
      participants,
      run: nextRunName,
      parent: this.#planHash,
    });
    return this.#propose(folder.nextPlan, folder.resultModel);
  }

  /** SIGKILL: no farewell, no clean-up. */
  kill(id: string): void {
    const running = this.#serving.get(id);
    if (running === undefined) return;
    this.#expected.add(running);
    running.signal('SIGKILL');
  }

  /** The same organization with the same directory, and a line as fast as the others'. */
  startAgain(id: string): void {
    this.#policy(id, undefined);
    this.#serve(id);
  }

  /** @returns the plan's hash, hex. */
  async #propose(plan: string, model: string): Promise<string> {
    const operator = ['--directory', this.#options.folder.consortium];
    const proposed = await this.#race(
      this.#desk.type('coordinator', 'plan', 'propose', plan, '--model', model, ...operator),
    );
    return String(proposed.planHash);
  }

  async #startCoordinator(): Promise<void> {
    const { processes, folder, started } = this.#options;
    const args = ['coordinator', 'start', '--directory', folder.consortium, '--holdout', folder.holdout, '--json'];
    await this.#race(
      new Promise<void>((resolve) => {
        const running = processes.start(args, {
          logPath: join(folder.logs, 'coordinator.log'),
          onLine: (line) => {
            if (line.type === 'listening') resolve();
          },
        });
        this.#guard(running, 'the coordinator', 'coordinator.log');
        started('coordinator', 'coordinator', running.pid);
      }),
    );
  }

  async #invite(id: string): Promise<void> {
    const { folder } = this.#options;
    const { invitation } = this.#place(id);
    const args = ['--organization', organizationName(id), '--out', invitation, '--directory', folder.consortium];
    await this.#race(this.#desk.type('coordinator', 'invite', id, ...args));
  }

  /** Everybody enrols at the same time; each fingerprint is compared before its entry is admitted. */
  async #enrolAll(): Promise<void> {
    const { participants, folder } = this.#options;
    const operator = ['--directory', folder.consortium];
    await this.#race(
      Promise.all(
        participants.map(async ({ id }) => {
          const { fingerprint, admitted } = await this.#enrol(id);
          // What the organization reads over the telephone and the operator types.
          await this.#desk.type(
            'coordinator',
            'participants',
            '--admit',
            id,
            '--fingerprint',
            fingerprint,
            ...operator,
          );
          await admitted;
        }),
      ),
    );
  }

  /** Start one enrolment; it shows its fingerprint and waits to be admitted. */
  #enrol(id: string): Promise<{ readonly fingerprint: string; readonly admitted: Promise<void> }> {
    const { processes, folder } = this.#options;
    const { invitation, state } = this.#place(id);
    const args = ['participant', 'enroll', '--invitation-file', invitation, '--directory', state, '--json'];
    return new Promise((resolve, reject) => {
      const enrolling = processes.start(args, {
        logPath: join(folder.logs, `${id}.log`),
        onLine: (line) => {
          if (line.type === 'pending') resolve({ fingerprint: String(line.fingerprint), admitted });
        },
      });
      const admitted = enrolling.ended.then((exitCode) => {
        if (exitCode !== 0) throw failed('enroll', id, exitCode);
      });
      admitted.catch(reject);
    });
  }

  #policy(id: string, uploadBytesPerSecond: number | undefined): void {
    writePolicy(this.#place(id).policy, { terms: this.#terms, proposer: operatorName, uploadBytesPerSecond });
  }

  #serve(id: string): void {
    const { processes, folder, started } = this.#options;
    const { state, data, policy } = this.#place(id);
    const args = ['participant', 'serve', '--directory', state, '--data', data, '--policy', policy, '--json'];
    const running = processes.start(args, { logPath: join(folder.logs, `${id}.log`), onLine: () => {} });
    this.#serving.set(id, running);
    this.#guard(running, id, `${id}.log`);
    started('participant', id, running.pid);
  }

  #place(id: string): OrganizationFolder {
    const place = organizationFolder(this.#options.folder, id, { make: false });
    mkdirSync(place.root, { recursive: true });
    return place;
  }

  /** A process that ends by itself while it is needed ends the demo, with a pointer to its log. */
  #guard(running: Running, who: string, log: string): void {
    void running.ended.then((exitCode) => {
      if (this.#expected.has(running)) return;
      const message = `${who} ended by itself with exit code ${exitCode}`;
      const fix = `Run it again with --keep DIR and read DIR/logs/${log}.`;
      this.#lose(new CommandFailure(message, { code: 'unavailable', exitCode: 1, fix }));
    });
  }

  #race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#lost]);
  }
}

function failed(command: string, id: string, exitCode: number): CommandFailure {
  return new CommandFailure(`participant ${command} of ${id} ended with exit code ${exitCode}`, {
    code: 'internal',
    exitCode: exitCode > 0 ? exitCode : 1,
    fix: `Run it again with --keep DIR and read DIR/logs/${id}.log.`,
  });
}

/** `alpha` → `Alpha Institute`: at most one participant of an organization is in a cohort. */
function organizationName(id: string): string {
  return `${id.charAt(0).toUpperCase()}${id.slice(1)} Institute`;
}

/** A port of the loopback that nobody listens on now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}
