import { enroll, type RunEnd } from '@concordat/client-sdk';
import type { OperatorClient, RunStatus } from '@concordat/coordinator';
import { encodePlan, encodeSafetensors, FederatedError, type PlanDraft, signPlan } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { call } from '../../coordinator/consortium.js';
import { testPlan } from '../../support/test-plan.js';
import { clippingNorm, tensorsOf, topology } from './exact-model.js';
import { type House, insist, pause } from './house.js';
import type { Levers } from './levers.js';
import { type Company, names, type Site } from './site.js';

const hour = 3_600_000;

/** A run that was played. */
export interface Played {
  readonly run: string;
  /** [d], what it began with. */
  readonly initial: Float32Array;
  /** Its coordinator's store was lost in it: what was acknowledged behind the copy is gone. */
  readonly restored?: boolean;
}

/** A run that goes on. */
export interface UnderWay {
  readonly run: string;
  readonly ends: Promise<readonly (RunEnd | Error)[]>;
}

export interface Beginning {
  readonly draft?: Partial<PlanDraft>;
  readonly company?: Company;
  /** d; a thousand unless said. */
  readonly parameters?: number;
}

/** Where a kind of run is played: a coordinator, six organizations, and what happens between them. */
export class Stage {
  readonly house: House;
  readonly site: Site;
  readonly levers: Levers;
  readonly played: Played[] = [];
  readonly #name: string;
  readonly #number: number;

  /** @param number from 1: of every run of a campaign another one, and so are its models. */
  constructor(parts: { house: House; site: Site; levers: Levers; name: string; number: number }) {
    this.house = parts.house;
    this.site = parts.site;
    this.levers = parts.levers;
    this.#name = parts.name;
    this.#number = parts.number;
  }

  get operatorDirectory(): string {
    return this.site.consortium.directory;
  }

  runName(suffix: string): string {
    return `${this.#name}-${this.#number}${suffix}`;
  }

  operate<Result>(ask: (operator: OperatorClient) => Promise<Result>): Promise<Result> {
    return this.house.operate(ask);
  }

  /** Propose a plan, start its run, and have everybody take part in it. @param suffix of its name. */
  async begin(suffix: string, { draft = {}, company = {}, parameters = 1_000 }: Beginning = {}): Promise<UnderWay> {
    const run = this.runName(suffix);
    // Nobody contributes twice to one model.
    const initial = new Float32Array(parameters).fill(this.#number).fill(this.played.length, 1, 2);
    const planHash = await this.#propose(run, initial, draft);
    return this.follow(run, planHash, initial, company);
  }

  /** Start a run of a plan that is proposed. */
  async follow(run: string, planHash: Uint8Array, initial: Float32Array, company: Company = {}): Promise<UnderWay> {
    this.played.push({ run, initial });
    const { ends } = await this.site.takePart(this.levers, this.house.transport, company);
    await this.operate((operator) => operator.startRun(planHash, run));
    return { run, ends };
  }

  /** Everybody ended as it should, and left. @param outcome of the run. @param but refuses to go on. */
  async finish({ run, ends }: UnderWay, outcome: 'completed' | 'aborted' = 'completed', but?: string): Promise<void> {
    const all = await ends;
    await this.site.part();
    all.forEach((end, at) => {
      const found = end instanceof Error ? `${end.name}: ${end.message}` : end?.outcome;
      if (names[at] === but && end instanceof FederatedError && end.code === 'verification') return;
      if (found !== outcome) throw new Error(`${names[at]} ended ${run} with ${found}`);
    });
    await this.until(run, ({ state }) => state === outcome);
  }

  async until(run: string, isIt: (one: RunStatus) => boolean): Promise<RunStatus> {
    for (;;) {
      const { runs } = await this.operate((operator) => operator.status());
      const found = runs.find((one) => one.run === run);
      if (found !== undefined && isIt(found)) return found;
      await pause(50);
    }
  }

  /** In the name of a participant: it does no more in this round. */
  async decline(name: string, run: string, round: number, step: string): Promise<void> {
    const decline = { step, code: 'refused', rule: '', message: 'a test' };
    const say = () => call(this.site.stubsOf(name).Rounds, 'Answer', { key: { runId: run, round }, decline });
    await insist(say, () => this.site.forgetStubs());
  }

  /** Somebody is invited, enrols and is admitted. */
  async enrol(name: string): Promise<void> {
    const invitation = await this.operate((operator) => operator.invite(name, name, 0));
    const directory = this.site.directoryOf(name);
    let admitted: Promise<unknown> = Promise.resolve();
    const onPending = (fingerprint: string) => {
      admitted = this.operate((operator) => operator.admit(name, fingerprint));
    };
    const enrolling = () => enroll({ invitation, directory, onPending, pollMillis: 50 });
    await insist(enrolling, () => undefined);
    await admitted;
  }

  async #propose(run: string, initial: Float32Array, draft: Partial<PlanDraft>): Promise<Uint8Array> {
    const tensors = tensorsOf(initial);
    for (const blob of [topology, encodeSafetensors(tensors)]) await this.operate((operator) => operator.put(blob));
    const plan = testPlan(
      { topology, tensors },
      {
        run,
        rounds: 3,
        cohort: { min: 6, size: 6, max: 6 },
        reportingGoal: 6,
        clippingNorm,
        // Nobody is given up while a coordinator is dead: the same survive as without a death.
        deadlines: { selectMillis: hour, readyMillis: hour, stepMillis: hour, graceMillis: hour },
        aggregateCheck: 'on',
        transcriptRetention: 2,
        ...draft,
      },
    );
    const { operatorKey } = this.site.consortium.operatorKeys;
    const signed = signPlan(nodeCrypto, operatorKey, encodePlan(plan));
    return this.operate((operator) => operator.propose(signed));
  }
}

/** Of a coordinator that died behind its answer: what was asked for is done already. */
export function unlessDone(error: unknown): void {
  if (!(error instanceof FederatedError) || error.code !== 'protocol') throw error;
}
