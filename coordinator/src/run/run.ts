import {
  type ApprovalTally,
  approvalsOf,
  type CoordinationEffect,
  type CoordinationEvent,
  type CoordinationState,
  FederatedError,
  fromBase64url,
  openCoordination,
  type ParticipantMessage,
  type Plan,
  type PlanRefusal,
  type RunProgress,
  type Signed,
  stepCoordination,
  toHex,
  verifyApproval,
  visibleRefusals,
} from '@concordat/core';
import { NamedTimers } from '@concordat/node';
import { isDeposed, isStoreFailed, isStoreFull } from '../store/durable-writes.js';
import type { RunRecord } from '../store/records.js';
import { awaitsOthers, type RunEvent } from './awaiting-others.js';
import { Deliveries, type Delivery } from './deliveries.js';
import { earlierAnswer } from './earlier-answer.js';
import { Evaluations } from './evaluations.js';
import { type ExpectedUpload, ExpectedUploads } from './expected-uploads.js';
import { Progress } from './progress.js';
import { signReceipt } from './receipt.js';
import { reportEvaluation, reportProgress, reportRound } from './report.js';
import { type GroupOrder, RoundWork } from './round-work.js';
import { RunJournal } from './run-journal.js';
import type { RunOptions, RunPorts } from './run-ports.js';
import { type RunStanding, type RunStateName, standingOf, stateNameOf } from './standing.js';

/** What became of a message: acknowledged, or (a good upload header) its vector may come. */
export type Answer =
  | { readonly type: 'accepted'; readonly receipt: Signed }
  | { readonly type: 'upload'; readonly expected: ExpectedUpload };

type Step = Delivery<RunEvent, Answer>;
type Performed = Exclude<CoordinationEffect, { type: 'journal' | 'accepted' | 'session-over' }>;

/**
 * One run: steps the coordination machine, one event at a time, and does what it says. It moves bytes and timers and
 * knows no rule of the protocol. Journal records and receipts are durable before any later effect of the same step.
 */
export class Run {
  readonly progress: Progress;
  readonly #ports: RunPorts;
  readonly #options: RunOptions;
  readonly #timers: NamedTimers;
  readonly #uploads = new ExpectedUploads();
  readonly #work: RoundWork;
  readonly #journal: RunJournal;
  readonly #evaluations: Evaluations;
  readonly #startedMillis: number;
  #state: CoordinationState;
  #end: Pick<RunRecord, 'state' | 'reason'> | undefined;
  readonly #deliveries = new Deliveries<RunEvent, Answer>({
    handle: (steps) => this.#stepAll(steps),
    after: (millis, gathered) => this.#ports.clock.after(millis, gathered),
    canWait: (steps) =>
      this.#broken === undefined && awaitsOthers(this.#state, steps, this.#ports.clock.monotonicMillis()),
  });
  #working: Promise<unknown> = Promise.resolve();
  #removing: Promise<unknown> = Promise.resolve();
  #traffic: { readonly uploadBytes: number; readonly downloadBytes: number };
  #model: { version: number; hash: Uint8Array };
  #broken: FederatedError | undefined;
  #sayHalted: (why: FederatedError) => void = () => undefined;
  #ended: (() => void) | undefined;
  /** Resolves when it could not write something down, with why: from here on it does nothing more. */
  readonly halted: Promise<FederatedError> = new Promise((resolve) => {
    this.#sayHalted = resolve;
  });
  /** Resolves when the run is over and told. */
  readonly ended: Promise<void> = new Promise((resolve) => {
    this.#ended = resolve;
  });

  constructor(ports: RunPorts, options: RunOptions) {
    this.#ports = ports;
    this.#options = options;
    this.progress = options.progress ?? new Progress(ports.observe);
    const { earlier, progress: _, ...known } = options;
    this.#state = openCoordination({ ...known, ...(earlier === undefined ? {} : { records: earlier.records }) });
    this.#timers = new NamedTimers(ports.clock, (name) => void this.#tell({ type: 'timer', name }));
    const { store, crypto, kernels, threads } = ports;
    this.#work = new RoundWork({
      crypto,
      kernels,
      threads,
      blobs: store.blobs,
      spool: store.spool,
      run: options.runId,
      plan: options.plan,
    });
    this.#evaluations = new Evaluations(ports.evaluator, (evaluation) => this.progress.emit(evaluation));
    this.#journal = new RunJournal(store, options.runId);
    this.#startedMillis = earlier?.startedMillis ?? ports.wallMillis();
    this.#traffic = ports.traffic.total();
    this.#model = { version: this.#state.modelVersion, hash: this.#state.modelHash };
    this.#journal.begin(this.#record('running', ''));
  }

  get runId(): string {
    return this.#options.runId;
  }

  get plan(): Plan {
    return this.#options.plan;
  }

  get planHash(): Uint8Array {
    return this.#options.planHash;
  }

  get modelHash(): Uint8Array {
    return this.#model.hash;
  }

  get modelVersion(): number {
    return this.#model.version;
  }

  /** The round under way, or the last one. */
  get round(): number {
    return this.#state.round;
  }

  /** @param connected participants whose streams are open already. */
  async start(connected: readonly { readonly participant: string; readonly organization: string }[]): Promise<void> {
    this.progress.emit({
      type: 'started',
      run: this.runId,
      rounds: this.plan.rounds,
      planHash: toHex(this.planHash),
      topologyHash: this.#topologyHash(),
    });
    for (const client of connected) await this.#deliveries.deliver({ type: 'check-in', ...client });
    await this.#deliveries.deliver({ type: 'start', wallMillis: this.#ports.wallMillis() });
  }

  checkIn(participant: string, organization: string): Promise<void> {
    return this.#tell({ type: 'check-in', participant, organization });
  }

  disconnected(participant: string): Promise<void> {
    return this.#tell({ type: 'disconnected', participant });
  }

  uploadProgress(upload: ExpectedUpload, bytesReceived: number): void {
    const { participant, lengthBytes: bytesExpected } = upload;
    void this.#tell({ type: 'upload-progress', participant, bytesReceived, bytesExpected });
  }

  uploadBroken(upload: ExpectedUpload, bytesReceived: number): Promise<void> {
    const { participant, lengthBytes: bytesExpected } = upload;
    return this.#tell({ type: 'upload-broken', participant, bytesReceived, bytesExpected });
  }

  /** A vector found the disk full: the run waits until there is room, so that nobody loses a round for it. */
  uploadRoomless(why: FederatedError): void {
    this.#halt(why);
  }

  /**
   * The vector is durable in the spool and matches its header.
   *
   * @throws the machine's refusal, e.g. `protocol` when the step is over.
   */
  async uploaded(upload: ExpectedUpload): Promise<Signed> {
    const { participant, contentDigest } = upload;
    const answer = await this.#deliveries.deliver({ type: 'uploaded', participant, contentDigest });
    if (answer?.type === 'accepted') return answer.receipt;
    throw new FederatedError('protocol', 'the upload step is over', { detail: { round: upload.round } });
  }

  /**
   * A participant's message, idempotent: the same content under the same key gives the same receipt.
   *
   * @throws `conflict` for other content under the same key; the machine's refusal.
   */
  async message(participant: string, message: ParticipantMessage): Promise<Answer> {
    if (message.type === 'approved') this.#requireApproval(participant, message.approval);
    if (message.type === 'session') {
      const { store, crypto } = this.#ports;
      const key = { run: this.runId, participant };
      const receipt = await earlierAnswer({ receipts: store.receipts, crypto }, key, message);
      if (receipt !== undefined) return { type: 'accepted', receipt };
    }
    const answer = await this.#deliveries.deliver({ type: 'message', participant, message });
    if (answer !== undefined) return answer;
    throw new FederatedError('protocol', 'this message is not expected now', {
      detail: { participant, message: message.type },
    });
  }

  /** The machine checks whose approval it is and of what; it has no wall clock to see that one expired. */
  #requireApproval(participantId: string, approval: Signed): void {
    const { roster, planHash, rosterHash } = this.#options;
    const now = this.#ports.wallMillis();
    verifyApproval(this.#ports.crypto, approval, { roster, participantId, planHash, rosterHash, now });
  }

  /** Whether nothing more will happen in it, though its last words may not be written down yet. */
  get isOver(): boolean {
    return this.#state.stage.type === 'over';
  }

  /** How it ended, as its participants are told; undefined until that is durable. */
  get end(): Pick<RunRecord, 'state' | 'reason'> | undefined {
    return this.#end;
  }

  /** Why nothing happens until a person acts; undefined while something does. */
  get pausedFor(): string | undefined {
    const { stage } = this.#state;
    return stage.type === 'paused' ? stage.reason : undefined;
  }

  get stateName(): RunStateName {
    return stateNameOf(this.#state);
  }

  /** Who approved the plan, who refused it and by which rule, and who is awaited. */
  get approvals(): ApprovalTally {
    return approvalsOf(this.#state);
  }

  /** Whom participants may see to have refused the plan. */
  get visibleRefusals(): readonly PlanRefusal[] {
    return visibleRefusals(this.#state);
  }

  get standing(): RunStanding | undefined {
    return standingOf(this.#state, this.#ports.clock.monotonicMillis());
  }

  /** Why it can do nothing more on this coordinator. */
  get failure(): string | undefined {
    return this.#broken?.message;
  }

  /** Begin no other round; in the selection, pause at once. */
  async pause(reason: string): Promise<void> {
    await this.#tell({ type: 'pause', reason });
  }

  async abort(reason: string): Promise<void> {
    await this.#tell({ type: 'abort', reason });
  }

  /** Go on after a pause, or without the one that was wanted. */
  async leavePause(): Promise<void> {
    await this.#tell({ type: 'resume' });
  }

  /** Leave without an end: timers stop, streams are let go. The next process goes on where the journal ends. */
  async stop(): Promise<void> {
    await this.leave();
    this.progress.end();
    this.#ended?.();
  }

  /** Do nothing more; whoever watches goes on doing so. */
  async leave(): Promise<void> {
    this.#timers.cancelAll();
    this.#broken ??= new FederatedError('unavailable', 'the coordinator is stopping', { fix: 'Connect again later.' });
    this.#uploads.endRound(Number.MAX_SAFE_INTEGER);
    await this.#deliveries.settled();
    await this.#working.catch(() => undefined);
    await this.#removing;
  }

  /** Deliver an event nobody waits for an answer to. */
  async #tell(event: RunEvent): Promise<void> {
    await this.#deliveries.deliver(event).catch((error: unknown) => {
      if (this.#broken === undefined)
        this.#ports.log.error({ err: error, event: event.type }, 'an event could not be handled');
    });
  }

  /** All records of these events are durable, in one transaction, before any effect of them. */
  async #stepAll(steps: readonly Step[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const effects: (readonly [Performed, Step])[] = [];
    for (const delivery of steps) {
      try {
        for (const effect of this.#step(delivery)) effects.push([effect, delivery]);
      } catch (error) {
        delivery.error = error;
      }
    }
    await this.#flush();
    for (const [effect, delivery] of effects) {
      try {
        this.#perform(effect, delivery);
      } catch (error) {
        delivery.error ??= error;
      }
    }
  }

  /** @returns what is to be done when its records are durable. */
  #step(delivery: Step): readonly Performed[] {
    const now = this.#ports.clock.monotonicMillis();
    const event = { ...delivery.event, now } as CoordinationEvent;
    const { state, effects } = stepCoordination(this.#ports, this.#state, event);
    this.#state = state;
    const performed: Performed[] = [];
    for (const effect of effects) {
      if (effect.type === 'journal') this.#journal.note(effect.record);
      else if (effect.type === 'accepted') this.#acknowledge(effect, delivery);
      else if (effect.type === 'session-over') this.#journal.forget(effect.round);
      else performed.push(effect);
    }
    return performed;
  }

  #acknowledge(effect: Extract<CoordinationEffect, { type: 'accepted' }>, delivery: Step): void {
    const { event } = delivery;
    const { type: _, ...accepted } = effect;
    const receipt = signReceipt(this.#ports, this.runId, accepted);
    const said = event.type === 'message' && event.message.type === 'ready' ? event.message : undefined;
    const baseModelHash = accepted.step === 'ready' ? said?.baseModelHash : undefined;
    this.#journal.acknowledge({ ...accepted, receipt, baseModelHash });
    delivery.answer ??= { type: 'accepted', receipt };
  }

  /** One transaction; nothing may follow an unwritten record, so a failure here halts the run. */
  async #flush(): Promise<void> {
    await this.#journal.flush().catch((cause: unknown) => {
      throw this.#halt(cause);
    });
  }

  #halt(cause: unknown): FederatedError {
    if (this.#broken !== undefined) return this.#broken;
    const known =
      isStoreFull(cause) || isStoreFailed(cause) || isDeposed(cause) ? (cause as FederatedError) : undefined;
    this.#broken = known ?? new FederatedError('unavailable', 'the coordinator cannot write its journal', { cause });
    this.#ports.log.fatal({ err: cause, run: this.runId }, `${this.#broken.message}; the run halts`);
    this.#timers.cancelAll();
    this.#sayHalted(this.#broken);
    return this.#broken;
  }

  #perform(effect: Performed, delivery: Step): void {
    switch (effect.type) {
      case 'send':
        this.#ports.send(effect.to, this.runId, effect.message);
        break;
      case 'set-timer':
        this.#timers.set(effect.name, effect.afterMillis);
        break;
      case 'cancel-timer':
        this.#timers.cancel(effect.name);
        break;
      case 'rejected':
        delivery.error = effect.error;
        break;
      case 'expect-upload': {
        const { type: _, ...vector } = effect;
        delivery.answer = { type: 'upload', expected: this.#uploads.expect({ run: this.runId, ...vector }) };
        break;
      }
      case 'open-sum':
        this.#background(effect.round, () => this.#openSum(effect));
        break;
      case 'publish':
        this.#background(effect.round, () => this.#publish(effect));
        break;
      case 'round-over':
        this.#endRound(effect.round);
        break;
      case 'report':
        this.#report(effect.progress);
        break;
    }
  }

  async #openSum({ sums, ...place }: Extract<CoordinationEffect, { type: 'open-sum' }>): Promise<void> {
    const { round } = place;
    try {
      const isChecked = this.plan.secureAggregation.aggregateCheck === 'on';
      const kept = isChecked ? this.#ports.results.openRound(this.runId, round) : undefined;
      const keep = kept && ((order: GroupOrder, sum: Uint8Array) => kept.add(order, sum));
      const { opened, sumHash, ...left } = await this.#work.open(place, sums, keep);
      this.#ports.log.info({ run: this.runId, round, sumHash: toHex(sumHash) }, 'the sum is open');
      await kept?.close(this.plan.transcriptRetention);
      await this.#deliveries.deliver({ type: 'sum-opened', round, ...opened, ...left });
    } finally {
      for (const { sum } of sums) for (const secret of sum.transcript.secrets) secret.fill(0);
    }
  }

  async #publish(order: Extract<CoordinationEffect, { type: 'publish' }>): Promise<void> {
    const { round, modelVersion } = order;
    const modelHash = await this.#work.publish(order);
    this.#model = { version: modelVersion, hash: modelHash };
    await this.#deliveries.deliver({ type: 'published', round, modelHash });
    this.#evaluate(modelVersion, modelHash);
  }

  #background(round: number, work: () => Promise<void>): void {
    this.#working = work().catch(async (error: unknown) => {
      // Nothing is wrong with the round: it is gone on with when it can be written down.
      if (isStoreFull(error) || isStoreFailed(error)) {
        this.#halt(error);
        return;
      }
      this.#ports.log.error({ err: error, round }, 'the round could not be finished');
      const reason = error instanceof FederatedError ? error.message : 'internal error';
      await this.#tell({ type: 'round-failed', round, reason });
    });
  }

  #endRound(round: number): void {
    this.#uploads.endRound(round);
    this.#work.forget(round);
    const earlier = this.#removing;
    this.#removing = earlier
      .then(async () => {
        const { results, store } = this.#ports;
        await results.endRound(this.runId, round);
        await store.spool.removeRound(this.runId, round - this.plan.transcriptRetention);
        await store.spool.removePartials(this.runId, round);
      })
      .catch((error: unknown) => {
        this.#ports.log.warn({ err: error, round }, 'what was kept long enough could not be removed');
      });
  }

  #evaluate(modelVersion: number, modelHash: Uint8Array): void {
    const { blobs } = this.#ports.store;
    this.#evaluations.add(modelVersion, async () => ({
      modelVersion,
      topology: await blobs.readAll(fromBase64url(this.plan.task.model.topologyDigest)),
      weights: await blobs.readAll(modelHash),
    }));
  }

  #report(progress: RunProgress): void {
    if (progress.type === 'finished') this.#finish(progress);
    else if (progress.type === 'round-ended') {
      const total = this.#ports.traffic.total();
      const uploadBytes = total.uploadBytes - this.#traffic.uploadBytes;
      const downloadBytes = total.downloadBytes - this.#traffic.downloadBytes;
      this.#traffic = total;
      const { record } = progress;
      this.progress.emit(
        record.kind === 'evaluate'
          ? reportEvaluation(record)
          : { type: 'round', ...reportRound(record, { uploadBytes, downloadBytes }) },
      );
    } else this.progress.emit(reportProgress(progress));
  }

  /** Participants heard already; the operator hears when the evaluations are in. */
  #finish({ outcome, reason, rule }: Extract<RunProgress, { type: 'finished' }>): void {
    this.#timers.cancelAll();
    this.#end = { state: outcome, reason };
    const work = this.#working;
    this.#working = (async () => {
      await work;
      await this.#removing;
      const { spool, results, sessionAnswers, runs } = this.#ports.store;
      await spool.removeRun(this.runId, await results.keptRounds(this.runId));
      await sessionAnswers.removeRun(this.runId);
      // Last: a run that says it is over is never looked at again.
      await runs.put(this.#record(outcome, reason));
      await this.#evaluations.drained();
      const { version, hash } = this.#model;
      const model = { modelVersion: version, modelHash: toHex(hash), topologyHash: this.#topologyHash() };
      const end = { outcome, reason, ...(rule === undefined ? {} : { rule }) };
      this.progress.emit({ type: 'finished', ...end, ...model });
      this.progress.end();
      this.#ended?.();
    })().catch((error: unknown) => this.#halt(error));
  }

  #record(state: 'running' | 'completed' | 'aborted', reason: string) {
    return {
      run: this.runId,
      planHash: this.planHash,
      state,
      startedMillis: this.#startedMillis,
      modelVersion: this.#model.version,
      modelHash: this.#model.hash,
      reason,
    };
  }

  #topologyHash(): string {
    return toHex(fromBase64url(this.plan.task.model.topologyDigest));
  }
}
