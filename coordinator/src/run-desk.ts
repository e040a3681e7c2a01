import { FederatedError, type Plan, printable, type RosterView, refusal, requireId, toHex } from '@concordat/core';
import type { PlanDesk } from './plan-desk.js';
import type { RosterKeeper } from './roster-keeper.js';
import { removeOrphans } from './run/orphans.js';
import { Run } from './run/run.js';
import { RunJournal } from './run/run-journal.js';
import type { RunPorts } from './run/run-ports.js';
import { isStoreFull } from './store/durable-writes.js';
import type { RunRecord } from './store/records.js';
import type { Store } from './store/store.js';

/** Of what an operator says; with what a pause says it is within the bound of a text. */
const reasonCharactersMax = 300;

/** A run that found the disk full looks again after so long whether there is room. */
const roomMillis = 1_000;

/** What an operator is told of a run that is not as it was thought to be. */
export const seeStatus = 'See: concordat coordinator status.';

export interface RunDeskOptions {
  readonly store: Store;
  readonly plans: PlanDesk;
  readonly roster: RosterKeeper;
  readonly ports: RunPorts;
  readonly connected: () => readonly { readonly participant: string; readonly organization: string }[];
}

/** The runs of a coordinator: at most one at a time, each id once. */
export class RunDesk {
  readonly #options: RunDeskOptions;
  #current: Run | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  /** Why the current run waits, and for what it goes on. */
  #halted: FederatedError | undefined;
  readonly #stopping = new AbortController();

  constructor(options: RunDeskOptions) {
    this.#options = options;
  }

  /** The run that is going on, or the last one of this process. */
  get current(): Run | undefined {
    return this.#current;
  }

  /**
   * Go on with the run that was under way when an earlier process ended, where its journal ends. Without one, the newest run is held as
   * it ended: whoever did not hear of it is told when it connects. What that process left lying is removed.
   *
   * @returns the run that goes on. @throws `state-lost` when plan, roster or records of it are not in the store.
   */
  async resume(): Promise<RunRecord | undefined> {
    const { store, ports } = this.#options;
    const runs = await store.runs.list();
    const record = runs.find(({ state }) => state === 'running');
    if (record !== undefined) {
      await store.runs.put(record);
      await this.#goOnWith(record);
      return record;
    }
    const [newest] = runs;
    if (newest === undefined) {
      await removeOrphans(store, undefined);
      return undefined;
    }
    // It is over: what is wrong with it keeps nobody from another run.
    await this.#goOnWith(newest).catch((error: unknown) => {
      ports.log.warn({ err: error, run: newest.run }, 'whoever missed the end of the last run is not told of it');
    });
    return undefined;
  }

  async #goOnWith({ run: runId, planHash, startedMillis, state }: RunRecord): Promise<void> {
    const { store, plans, ports, roster, connected } = this.#options;
    const records = await new RunJournal(store, runId).records();
    const { plan } = await plans.require(planHash);
    const started = records.find((one) => one.type === 'run-started');
    const rosterHash = started?.rosterHash ?? roster.current().hash;
    const view = await roster.viewOf(rosterHash);
    const earlier = { records, startedMillis };
    const halted = this.#halted === undefined ? undefined : this.#current;
    const progress = halted?.runId === runId ? halted.progress : undefined;
    this.#halted = undefined;
    const run = new Run(ports, { runId, plan, planHash, rosterHash, roster: view, earlier, progress });
    await removeOrphans(store, state === 'running' ? run : undefined);
    await this.#begin(run, connected());
  }

  async #begin(run: Run, connected: ReturnType<RunDeskOptions['connected']>): Promise<void> {
    this.#current = run;
    void run.halted.then((why) => this.#waitForRoom(run, why));
    await run.start(connected);
  }

  /** What is in memory of a run that could not be written down is given up: it is gone on with as after a restart. */
  async #waitForRoom(run: Run, why: FederatedError): Promise<void> {
    this.#halted = why;
    if (!isStoreFull(why)) return;
    const { clock, log } = this.#options.ports;
    const { signal } = this.#stopping;
    await run.leave();
    while (!signal.aborted) {
      await clock.sleep(roomMillis, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#options.store.spool.requireFree(
          why.detail.rule === 'spool.space' ? Number(why.detail.required) : 0,
        );
        const resumed = await this.resume();
        if (resumed === undefined) this.#forget(run);
        else log.warn({ run: run.runId }, 'there is room again: the run goes on');
        return;
      } catch (error) {
        if (isStoreFull(error)) continue;
        log.fatal({ err: error, run: run.runId }, 'the run cannot be gone on with');
        return;
      }
    }
  }

  /** Not even its start was written down. */
  #forget(run: Run): void {
    run.progress.end();
    this.#halted = undefined;
    if (this.#current === run) this.#current = undefined;
  }

  /**
   * Start a run of a proposed plan. The same call again is the same run.
   *
   * @throws `invalid-argument` for an unknown plan or another run id than the plan's; `conflict` while another run goes on,
   *   or when the id was used before.
   */
  start(planHash: Uint8Array, runId: string): Promise<Run> {
    const started = this.#starting.then(() => this.#start(planHash, runId));
    this.#starting = started.catch(() => undefined);
    return started;
  }

  /**
   * End a run that is going on; the same call again ends it at once, and of a run that is over it changes nothing.
   *
   * @param reason told to everybody who takes part; one line.
   * @returns whether it is over; else members of an open session are asked to abort it first.
   * @throws `protocol` when this run is not going on here; `invalid-argument` for a reason that is none.
   */
  async end(runId: string, reason: string): Promise<boolean> {
    requireReason(reason);
    const run = this.require(runId, seeStatus);
    await run.abort(reason);
    return run.isOver;
  }

  /**
   * Let no other round of a run begin; the round under way goes on to its end. The same call again changes nothing.
   *
   * @param reason for everybody who watches or takes part; one line.
   * @returns whether it is paused already.
   * @throws `protocol` when this run is not going on here, or over; `invalid-argument` for a reason that is none.
   */
  async pause(runId: string, reason: string): Promise<boolean> {
    requireReason(reason);
    const run = this.require(runId, seeStatus);
    if (run.isOver) throw new FederatedError('protocol', `run ${runId} is over`, { fix: seeStatus });
    await run.pause(reason);
    return run.pausedFor !== undefined;
  }

  /** Go on with a run that is paused or will be. @throws `protocol` when this run is not going on here, or neither. */
  async leavePause(runId: string): Promise<void> {
    const run = this.require(runId, seeStatus);
    if (run.stateName !== 'paused' && run.stateName !== 'pausing') {
      throw new FederatedError('protocol', `run ${runId} is not paused`, { fix: seeStatus });
    }
    await run.leavePause();
  }

  /** @param fix for whoever asks; by default a participant. @throws `protocol` when this run is not going on here. */
  require(runId: string, fix = 'Check in again and follow the run that is offered.'): Run {
    if (this.#current?.runId === runId) return this.#current;
    throw new FederatedError('protocol', `no run ${requireId(runId, 'run id')} is going on`, {
      detail: { offered: runId, required: this.#current?.runId ?? 'none' },
      fix,
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#current?.stop();
  }

  async #start(planHash: Uint8Array, runId: string): Promise<Run> {
    const { store, plans, ports, roster, connected } = this.#options;
    const { plan } = await plans.require(planHash);
    if (plan.run !== requireId(runId, 'run id')) {
      throw new FederatedError('invalid-argument', `this plan is for run ${plan.run}`, {
        detail: { required: plan.run, offered: runId },
      });
    }
    if (this.#halted !== undefined) throw this.#halted;
    const current = this.#current;
    if (current?.runId === runId && toHex(current.planHash) === toHex(planHash)) return current;
    if (current !== undefined && !current.progress.ended) {
      throw new FederatedError('conflict', `run ${current.runId} is going on`, {
        detail: { run: current.runId },
        fix: 'Wait for it to end: concordat coordinator run watch.',
      });
    }
    const used = await store.runs.get(runId);
    if (used !== undefined) {
      throw new FederatedError('conflict', `run ${runId} exists already and is ${used.state}`, {
        detail: { run: runId, state: used.state, modelVersion: used.modelVersion },
        fix: 'Propose a plan with another run id; to go on from its model, name that model in the new plan.',
      });
    }
    requireUnexpired(plan, ports.wallMillis());
    const { hash: rosterHash, view } = roster.current();
    requireApprovers(plan, view);
    const run = new Run(ports, { runId, plan, planHash, rosterHash, roster: view });
    await this.#begin(run, connected());
    return run;
  }
}

/** A first round that waits for somebody who is not in the roster would wait in vain. */
function requireApprovers({ approval }: Plan, roster: RosterView): void {
  if (approval.rule !== 'named') return;
  const missing = approval.participants.find((participant) => !roster.has(participant));
  if (missing === undefined) return;
  throw refusal('approval.named', `the plan waits for an approval of ${missing}, who is not in the roster`, {
    required: 'participants of the roster',
    offered: missing,
  });
}

function requireReason(reason: string): void {
  const { length } = reason;
  if (length >= 1 && length <= reasonCharactersMax && printable(reason) === reason) return;
  throw new FederatedError('invalid-argument', 'a reason is one line of text', {
    detail: { required: `1 to ${reasonCharactersMax} printable characters`, offered: length },
    fix: 'Say why in a sentence: everybody who takes part will read it.',
  });
}

function requireUnexpired(plan: Plan, now: number): void {
  const { expires } = plan.approval;
  if (now < Date.parse(expires)) return;
  throw refusal('approval.expires', 'the plan can no longer be approved', {
    required: `a start before ${expires}`,
    offered: new Date(now).toISOString(),
    fix: 'Propose the plan again with a later time.',
  });
}
