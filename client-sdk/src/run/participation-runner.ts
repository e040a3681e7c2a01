import {
  type ApprovedRun,
  type CoordinatorMessage,
  type CryptoPort,
  FederatedError,
  openParticipation,
  type ParticipantMessage,
  type ParticipationEffect,
  type ParticipationEvent,
  type ParticipationPorts,
  type ParticipationRecord,
  type ParticipationState,
  type Random,
  type Signer,
  stepParticipation,
} from '@concordat/core';
import { type Clock, NamedTimers } from '@concordat/node';
import type { EgressLog } from '../egress/egress-log.js';
import { type ClientEvent, isOfConnection, type RunEnd } from '../events.js';
import { isOfSigner } from '../keys/identity-signer.js';
import type { KeyStore } from '../keys/key-store.js';
import type { Policy } from '../policy/policy.js';
import { quotesRefusal } from '../policy/told-refusals.js';
import type { ParticipantJournal } from '../state/journal.js';
import type { ParticipationSwitch } from '../state/participation-switch.js';
import type { Spool } from '../state/spool.js';
import type { FitProgress } from '../trainer/trainer.js';
import type { Connection } from '../transport/connection.js';
import { asFederated } from './as-federated.js';
import { Consent, type OfferPatience, patienceWhile } from './consent.js';
import type { LocalTraining } from './local-training.js';
import { MaskedUpdates } from './masked-updates.js';
import type { MaskingPorts } from './masking.js';
import { noPayload, payloadOf } from './payload.js';
import { answerMillis, lapseToTell } from './plan-answer.js';
import { reviewPlan } from './plan-review.js';
import type { RecordsHere } from './records-check.js';
import { identitiesOf, ResultChecks } from './result-checks.js';

/** What the runner moves things between. */
export interface RunnerParts {
  readonly connection: Connection;
  readonly keys: KeyStore;
  readonly policy: Policy | undefined;
  readonly records: RecordsHere;
  readonly journal: Pick<ParticipantJournal, 'append'>;
  /** What it holds when the runner starts, oldest first. */
  readonly journalled: readonly ParticipationRecord[];
  readonly spool: Spool;
  /** What the organization decided by now: it may change at any time. */
  readonly readSwitch: () => Promise<ParticipationSwitch>;
  readonly egress: EgressLog;
  /** When updates left before the log was opened, milliseconds since 1970. */
  readonly contributedBefore: readonly number[];
  readonly training: LocalTraining;
  /** The signer is the participant's own. */
  readonly ports: Omit<ParticipationPorts, 'signer'>;
  readonly crypto: CryptoPort;
  readonly masking: MaskingPorts;
  /** Chooses chunks to check. */
  readonly random: Random;
  readonly uploadBytesPerSecond: number | undefined;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
  readonly onEvent: (event: ClientEvent) => void;
  /** A failure that no round survives, e.g. a journal that cannot be written. */
  readonly onFatal: (error: unknown) => void;
  /** A run that was offered here is over. */
  readonly onFinished: (end: RunEnd) => void;
}

type Event = ParticipationEvent extends infer E ? (E extends unknown ? Omit<E, 'now'> : never) : never;
type Effect<T extends ParticipationEffect['type']> = Extract<ParticipationEffect, { type: T }>;

/** How long the end of a run is held back for the check of its last sums. */
const lastCheckMillis = 60_000;

/**
 * Steps the participation machine, one event at a time, and does what it says: bytes, files, timers, threads. It knows no
 * rule of the protocol. A journal record is durable before any later effect of the same step.
 */
export class ParticipationRunner {
  readonly #parts: Omit<RunnerParts, 'journalled'>;
  readonly #events: ParticipationEvent[] = [];
  readonly #timers: NamedTimers;
  readonly #tasks = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  /** Fires before it: nobody is waited for any more. */
  readonly #leaving = new AbortController();
  #state: ParticipationState;
  #pumping: Promise<void> | undefined;
  #approvedBefore: boolean;
  /** The run under consideration or under way. */
  #runId: string | undefined;
  #run: ApprovedRun | undefined;
  #trainingStop = new AbortController();
  /** The run that was over last: its sums may still be checked. */
  #ended: ApprovedRun | undefined;
  readonly #checks: ResultChecks;
  readonly #updates: MaskedUpdates;
  readonly #consent: Consent;
  /** The round in which training was begun last. */
  #entered: number | undefined;

  constructor({ journalled: records, ...parts }: RunnerParts) {
    this.#parts = parts;
    this.#approvedBefore = records.some(({ type }) => type === 'approved' || type === 'recovered');
    const { policy, keys } = parts;
    this.#checks = this.#resultChecks();
    this.#updates = this.#maskedUpdates();
    this.#timers = new NamedTimers(parts.clock, (name) => this.post({ type: 'timer', name }));
    this.#consent = new Consent(parts);
    this.#state = openParticipation({
      participantId: keys.participantId,
      records,
      ...(policy === undefined ? {} : { contributionsPerBase: policy.contributionsPerBase }),
    });
  }

  /** A message of the check-in stream. What belongs to another run than the one under way is dropped. */
  take(runId: string, message: CoordinatorMessage): void {
    if (message.type !== 'run' && this.#runId !== undefined && runId !== this.#runId) return;
    this.post({ type: 'message', message });
  }

  /** Deliver an event; it is taken when the ones before it are done. */
  post(event: Event): void {
    this.#events.push({ ...event, now: this.#parts.clock.monotonicMillis() } as ParticipationEvent);
    this.#pumping ??= this.#pump();
  }

  /** What came was no message: it is told and noted as every refusal is, and nothing else comes of it. */
  refused(error: FederatedError): void {
    this.#background(() => this.#refuse({ type: 'refuse', round: 0, error }));
  }

  /** Leave: decline what is open, erase what is secret, wait at most `graceMillis` for what is on its way. */
  async stop(graceMillis: number): Promise<void> {
    this.#leaving.abort();
    this.post({ type: 'stop' });
    await this.#pumping;
    const endGrace = this.#parts.clock.after(graceMillis, () => this.#stop.abort());
    while (this.#tasks.size > 0 || this.#pumping !== undefined) {
      await Promise.allSettled([...this.#tasks, this.#pumping]);
    }
    endGrace();
    this.#stop.abort();
    this.#timers.cancelAll();
  }

  async #pump(): Promise<void> {
    // Off the caller's stack: an event without effects must not end the pump before it is known to be running.
    await Promise.resolve();
    try {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        const { keys, ports } = this.#parts;
        const step = (signer: Signer) => stepParticipation({ ...ports, signer }, this.#state, event);
        const { state, effects } = await keys.signing(step);
        this.#state = state;
        for (const effect of effects) await this.#perform(effect);
      }
    } catch (error) {
      this.#events.length = 0;
      this.#parts.onFatal(error);
    } finally {
      this.#pumping = undefined;
    }
  }

  async #perform(effect: ParticipationEffect): Promise<void> {
    switch (effect.type) {
      case 'journal':
        return this.#parts.journal.append(effect.record);
      case 'send':
        return this.#send(effect.message);
      case 'consider-plan':
        return this.#considerPlan(effect);
      case 'train':
        return this.#train(effect);
      case 'stop-training':
        this.#trainingStop.abort(new FederatedError('protocol', 'the update is of no use any more'));
        return;
      case 'prepare-update':
        return this.#prepare(effect);
      case 'seal-root':
        return this.#updates.sealRoot(effect);
      case 'open-root':
        return this.#updates.openRoot(effect);
      case 'mask':
        return this.#updates.mask(effect);
      case 'upload':
        return this.#updates.upload(effect);
      case 'erase':
        return this.#updates.erase(effect);
      case 'discard-update':
        return this.#parts.training.discard();
      case 'check-result':
        this.#background(() => this.#checks.check(effect));
        return;
      case 'tell-verdict':
        this.#background(() => this.#checks.tell(effect));
        return;
      case 'refuse':
        return this.#refuse(effect);
      case 'set-timer':
        this.#timers.set(effect.name, effect.afterMillis);
        return;
      case 'cancel-timer':
        this.#timers.cancel(effect.name);
        return;
      case 'report':
        return this.#report(effect.progress);
    }
  }

  async #send(message: ParticipantMessage): Promise<void> {
    const { connection, egress, onEvent } = this.#parts;
    const runId = this.#requireRunId();
    const round = message.type === 'approved' ? 0 : message.round;
    // An update that an earlier round left over is ready without any training; whoever trained was let in before.
    const isEntry = message.type === 'ready' && this.#entered !== round;
    const bar = isEntry ? await this.#consent.bar(runId, this.#requireRun()) : undefined;
    if (bar !== undefined) return this.#stayOut(round, bar);
    if (message.type === 'approved') {
      const unwilling = await this.#consent.unwilling(runId, this.#requireRun());
      if (unwilling !== undefined) return this.#refuseAfterAll(runId, unwilling);
      this.#watchApproval(runId);
    }
    await egress.note({ runId, round, ...payloadOf(message), masked: false });
    const deadlineMillis = answerMillis(message, this.#run?.plan);
    this.#background(async () => {
      try {
        await connection.answer(runId, message, { deadlineMillis, signal: this.#stop.signal });
      } catch (cause) {
        const error = asFederated(cause);
        // What a repetition would cure is said again when the stream is open again.
        if (error.code !== 'unavailable' && error.code !== 'deadline') this.post({ type: 'rejected', round, error });
        if (!this.#stop.signal.aborted) {
          onEvent({ type: 'not-delivered', round, message: payloadOf(message).kind, error });
        }
      }
    });
  }

  #considerPlan(effect: Effect<'consider-plan'>): void {
    const { runId, planHash } = effect;
    this.#runId = runId;
    this.#run = undefined;
    this.#entered = undefined;
    const { connection, keys, crypto, policy, records, wallMillis, onEvent } = this.#parts;
    this.#background(async () => {
      try {
        const isAsked = () => this.#runId === runId && this.#state.standing.type === 'considering';
        const patience = this.#patience(isAsked);
        if (!(await this.#consent.mayConsider(runId, patience))) return;
        const run = await reviewPlan(
          {
            connection,
            keys,
            crypto,
            policy,
            records,
            approvedBefore: this.#approvedBefore,
            now: wallMillis(),
            signal: this.#stop.signal,
            onRules: (operator, results) => onEvent({ type: 'policy', runId, operator, results }),
            approved: (terms) => this.#consent.untilApproved(runId, terms, patience),
          },
          effect,
        );
        if (run === undefined || this.#runId !== runId) return;
        this.#run = run;
        this.#approvedBefore = true;
        this.post({ type: 'plan-approved', run });
      } catch (error) {
        // Nobody refused the plan: it is offered again to a client that can sign.
        if (isOfSigner(error)) throw error;
        const refused = asFederated(error);
        this.post({ type: 'plan-refused', runId, planHash, error: refused, quote: quotesRefusal(policy, refused) });
        this.#awaitWill(runId, refused);
      }
    });
  }

  #train(effect: Effect<'train'>): void {
    const { training } = this.#parts;
    const { round } = effect;
    this.#trainingStop.abort();
    const stop = new AbortController();
    this.#trainingStop = stop;
    this.#background(async () => {
      try {
        const bar = await this.#consent.bar(this.#requireRunId(), this.#requireRun());
        if (bar !== undefined) throw bar;
        this.#entered = round;
        const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
        const told = await (effect.kind === 'train' ? this.#fit(effect, signal) : this.#measure(effect, signal));
        if (signal.aborted) return training.discard();
        this.#parts.onEvent(told);
        this.post({ type: 'trained', round });
      } catch (error) {
        if (!stop.signal.aborted) this.#stayOut(round, asFederated(error));
      }
    });
  }

  /** No round is entered now. Who paused, or whose approval lapsed, is chosen for none, and answers the offer anew once that is over. */
  #stayOut(round: number, bar: FederatedError): void {
    this.post({ type: 'failed', round, error: bar });
    this.#awaitWill(this.#requireRunId(), bar);
  }

  /** What was approved before does not hold any more. While the organization has paused, the offer is not answered, as a new one is not. */
  async #refuseAfterAll(runId: string, bar: FederatedError): Promise<void> {
    this.#awaitWill(runId, bar);
    if (bar.detail.rule !== 'participation.paused') await this.#send(lapseToTell(this.#parts.policy, bar));
  }

  /** Until the first round is entered: others may be waited for, and would begin with an approval that is not there any more. */
  #watchApproval(runId: string): void {
    const isAsked = () => this.#runId === runId && this.#entered === undefined;
    this.#background(async () => {
      const lapse = await this.#consent.untilLapsed(runId, this.#patience(isAsked));
      if (lapse !== undefined) await this.#refuseAfterAll(runId, lapse);
    });
  }

  #awaitWill(runId: string, why: FederatedError): void {
    const patience = this.#patience(() => this.#runId === runId);
    this.#background(async () => {
      const offer = await this.#consent.untilWillingAgain(runId, why, patience);
      if (offer !== undefined) this.post({ type: 'message', message: { type: 'run', runId, ...offer } });
    });
  }

  #patience(isAsked: () => boolean): OfferPatience {
    return patienceWhile(isAsked, this.#parts.clock, this.#leaving.signal);
  }

  async #fit(effect: Effect<'train'>, signal: AbortSignal): Promise<ClientEvent> {
    const { training, clock, onEvent } = this.#parts;
    const { round } = effect;
    const startedAt = clock.monotonicMillis();
    const onProgress = (progress: FitProgress) => onEvent({ type: 'training-progress', round, ...progress });
    const said = training.engine;
    const result = await training.train(this.#requireRun(), effect, { signal, onProgress });
    if (training.engine.why !== said.why) onEvent({ type: 'engine', ...training.engine });
    return { type: 'trained', round, ...result, seconds: (clock.monotonicMillis() - startedAt) / 1000 };
  }

  async #measure({ round, baseModelHash }: Effect<'train'>, signal: AbortSignal): Promise<ClientEvent> {
    const metrics = await this.#parts.training.measure(this.#requireRun(), baseModelHash, { signal });
    return { type: 'measured', round, metrics };
  }

  async #prepare({ round, kind, ...order }: Effect<'prepare-update'>): Promise<void> {
    try {
      const { training } = this.#parts;
      if (kind === 'train') await training.prepare(this.#requireRun(), order);
      else training.prepareMetrics(this.#requireRun(), order.metrics);
      this.post({ type: 'prepared', round });
    } catch (error) {
      this.post({ type: 'failed', round, error: asFederated(error) });
    }
  }

  async #refuse({ round, error }: Effect<'refuse'>): Promise<void> {
    const { egress, onEvent } = this.#parts;
    const note = `${String(error.detail.rule ?? error.code)}: ${error.message}`;
    await egress.note({ runId: this.#runId ?? '', round, ...noPayload, masked: false, note });
    onEvent({ type: 'refused', round, error });
  }

  #maskedUpdates(): MaskedUpdates {
    return new MaskedUpdates({
      ...this.#parts,
      roots: this.#parts.keys.roots,
      runId: () => this.#requireRunId(),
      plan: () => this.#requireRun().plan,
      signal: this.#stop.signal,
      post: (outcome) => this.post(outcome),
      background: (work) => this.#background(work),
    });
  }

  #resultChecks(): ResultChecks {
    const { connection, crypto, masking, random, egress, clock, keys, wallMillis, onEvent, onFatal } = this.#parts;
    const { kernels } = masking;
    return new ResultChecks({
      connection,
      crypto,
      kernels,
      random,
      egress,
      clock,
      identities: () => identitiesOf(keys, wallMillis()),
      planOf: (runId) => [this.#run, this.#ended].find((run) => run?.runId === runId)?.plan,
      signal: this.#stop.signal,
      post: (outcome) => this.post(outcome),
      onTrouble: (round, message, error) => onEvent({ type: 'not-delivered', round, message, error }),
      onDisputed: onFatal,
    });
  }

  #report(progress: Effect<'report'>['progress']): void {
    // The connection reports itself, with more to say.
    if (isOfConnection(progress)) return;
    this.#parts.onEvent(progress);
    // Without a run this is the farewell of one that ended before we came.
    if (progress.type !== 'finished' || this.#runId === undefined) return;
    this.#runId = undefined;
    this.#ended = this.#run;
    this.#run = undefined;
    if (this.#checks.isIdle) this.#parts.onFinished(progress);
    else this.#background(() => this.#checks.idle(lastCheckMillis).then(() => this.#parts.onFinished(progress)));
  }

  #background(work: () => Promise<void>): void {
    const task = work()
      .catch((error: unknown) => this.#parts.onFatal(error))
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  #requireRunId(): string {
    if (this.#runId !== undefined) return this.#runId;
    throw new FederatedError('internal', 'an effect of a run without a run');
  }

  #requireRun(): ApprovedRun {
    if (this.#run !== undefined) return this.#run;
    throw new FederatedError('internal', 'an effect of an approved run without one');
  }
}
