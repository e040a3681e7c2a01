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
  type ParticipationState,
  type Random,
  stepParticipation,
  toHex,
} from '@concordat/core';
import type { Clock } from '@concordat/node';
import type { EgressLog } from '../egress.js';
import type { ClientEvent, RunEnd } from '../events.js';
import type { KeyStore } from '../keys/key-store.js';
import type { Policy } from '../policy/policy.js';
import type { ParticipantJournal } from '../state/journal.js';
import type { Spool } from '../state/spool.js';
import type { FitProgress } from '../trainer/trainer.js';
import type { Connection } from '../transport/connection.js';
import type { LocalTraining } from './local-training.js';
import { type MaskingPorts, maskUpdate } from './masking.js';
import { payloadOf } from './payload.js';
import { reviewPlan } from './plan-review.js';
import { identitiesOf, ResultChecks } from './result-checks.js';

/** What the runner moves things between. */
export interface RunnerParts {
  readonly connection: Connection;
  readonly keys: KeyStore;
  readonly policy: Policy | undefined;
  readonly journal: Pick<ParticipantJournal, 'records' | 'append'>;
  readonly spool: Spool;
  readonly egress: EgressLog;
  readonly training: LocalTraining;
  readonly ports: ParticipationPorts;
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

/** How long an approval or a decline is repeated while the coordinator is away. */
const answerMillis = 60_000;

/**
 * Steps the participation machine, one event at a time, and does what it says: bytes, files, timers, threads. It knows no
 * rule of the protocol. A journal record is durable before any later effect of the same step.
 */
export class ParticipationRunner {
  readonly #parts: RunnerParts;
  readonly #events: ParticipationEvent[] = [];
  /** Timer → takes it back. */
  readonly #timers = new Map<string, () => void>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #stop = new AbortController();
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
  #uploading: { readonly round: number; readonly stop: AbortController } | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    const { records } = parts.journal;
    this.#approvedBefore = records.some(({ type }) => type === 'approved' || type === 'recovered');
    const { policy, keys } = parts;
    this.#checks = this.#resultChecks();
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
    this.post({ type: 'stop' });
    await this.#pumping;
    const endGrace = this.#parts.clock.after(graceMillis, () => this.#stop.abort());
    while (this.#tasks.size > 0 || this.#pumping !== undefined) {
      await Promise.allSettled([...this.#tasks, this.#pumping]);
    }
    endGrace();
    this.#stop.abort();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  async #pump(): Promise<void> {
    // Off the caller's stack: an event without effects must not end the pump before it is known to be running.
    await Promise.resolve();
    try {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        const { state, effects } = stepParticipation(this.#parts.ports, this.#state, event);
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
        return this.#sealRoot(effect);
      case 'open-root':
        return this.#openRoot(effect);
      case 'mask':
        return this.#mask(effect);
      case 'upload':
        return this.#upload(effect);
      case 'erase':
        return this.#erase(effect);
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
        return this.#setTimer(effect);
      case 'cancel-timer':
        this.#timers.get(effect.name)?.();
        this.#timers.delete(effect.name);
        return;
      case 'report':
        return this.#report(effect.progress);
    }
  }

  async #send(message: ParticipantMessage): Promise<void> {
    const { connection, egress, onEvent } = this.#parts;
    const runId = this.#requireRunId();
    const round = message.type === 'approved' ? 0 : message.round;
    await egress.note({ runId, round, ...payloadOf(message), masked: false });
    const deadlineMillis = this.#answerMillis(message);
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

  #answerMillis(message: ParticipantMessage): number {
    const deadlines = this.#run?.plan.deadlines;
    if (deadlines === undefined) return answerMillis;
    if (message.type === 'ready') return deadlines.readyMillis;
    return message.type === 'session' ? deadlines.stepMillis : answerMillis;
  }

  #considerPlan(effect: Effect<'consider-plan'>): void {
    const { runId, planHash } = effect;
    this.#runId = runId;
    this.#run = undefined;
    const { connection, keys, crypto, policy, wallMillis, onEvent } = this.#parts;
    this.#background(async () => {
      try {
        const run = await reviewPlan(
          {
            connection,
            keys,
            crypto,
            policy,
            approvedBefore: this.#approvedBefore,
            now: wallMillis(),
            signal: this.#stop.signal,
            onRules: (operator, results) => onEvent({ type: 'policy', runId, operator, results }),
          },
          effect,
        );
        if (this.#runId !== runId) return;
        this.#run = run;
        this.#approvedBefore = true;
        this.post({ type: 'plan-approved', run });
      } catch (error) {
        this.post({ type: 'plan-refused', runId, planHash, error: asFederated(error) });
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
        const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
        const told = await (effect.kind === 'train' ? this.#fit(effect, signal) : this.#measure(effect, signal));
        if (signal.aborted) return training.discard();
        this.#parts.onEvent(told);
        this.post({ type: 'trained', round });
      } catch (error) {
        if (!stop.signal.aborted) this.post({ type: 'failed', round, error: asFederated(error) });
      }
    });
  }

  async #fit(effect: Effect<'train'>, signal: AbortSignal): Promise<ClientEvent> {
    const { training, clock, onEvent } = this.#parts;
    const { round } = effect;
    const startedAt = clock.monotonicMillis();
    const onProgress = (progress: FitProgress) => onEvent({ type: 'training-progress', round, ...progress });
    const result = await training.train(this.#requireRun(), effect, { signal, onProgress });
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

  async #sealRoot({ round }: Effect<'seal-root'>): Promise<void> {
    try {
      const root = await this.#parts.keys.roots.sealRoot(this.#requireRunId(), round);
      this.post({ type: 'root-sealed', round, root });
    } catch (error) {
      this.post({ type: 'failed', round, error: asFederated(error) });
    }
  }

  async #openRoot({ round }: Effect<'open-root'>): Promise<void> {
    try {
      const root = await this.#parts.keys.roots.openRoot(this.#requireRunId(), round);
      if (root === undefined) {
        throw new FederatedError('state-lost', `there is no session root of round ${round} any more`, {
          fix: 'Wait for the next round; it starts with a fresh root.',
        });
      }
      this.post({ type: 'root-sealed', round, root });
    } catch (error) {
      this.post({ type: 'failed', round, error: asFederated(error) });
    }
  }

  #mask({ round, layout, maskKeys }: Effect<'mask'>): void {
    const { masking, training, spool } = this.#parts;
    const runId = this.#requireRunId();
    this.#background(async () => {
      try {
        const lanes = training.lanes();
        const { vector, merkleRoot } = await maskUpdate(masking, { layout, lanes, maskKeys });
        await spool.write({ runId, round }, vector);
        this.post({ type: 'masked', round, lengthBytes: vector.length, merkleRoot });
      } catch (error) {
        this.post({ type: 'failed', round, error: asFederated(error) });
      }
    });
  }

  async #upload({ round, header }: Effect<'upload'>): Promise<void> {
    if (this.#uploading?.round === round) return;
    const { connection, spool, egress, uploadBytesPerSecond, crypto, onEvent } = this.#parts;
    const runId = this.#requireRunId();
    const { deadlines } = this.#requireRun().plan;
    const lengthBytes = await spool.lengthBytes({ runId, round }).catch((error: unknown) => {
      this.post({ type: 'failed', round, error: asFederated(error) });
      return undefined;
    });
    if (lengthBytes === undefined) return;
    const digest = toHex(crypto.sha256(header.body));
    await egress.note({ runId, round, kind: 'masked-update', bytes: lengthBytes, digest, masked: true });
    const stop = new AbortController();
    this.#uploading = { round, stop };
    this.#background(async () => {
      try {
        const receipt = await connection.uploadMaskedUpdate({
          runId,
          round,
          header,
          path: spool.path({ runId, round }),
          lengthBytes,
          uploadBytesPerSecond,
          deadlineMillis: deadlines.stepMillis + Math.ceil((1000 * lengthBytes) / deadlines.leaseBytesPerSecond),
          signal: AbortSignal.any([stop.signal, this.#stop.signal]),
          onProgress: (bytesSent, bytesTotal) => onEvent({ type: 'upload', round, bytesSent, bytesTotal }),
        });
        onEvent({ type: 'uploaded', round, bytes: lengthBytes });
        this.post({ type: 'uploaded', round, receipt });
      } catch (error) {
        if (!stop.signal.aborted) this.post({ type: 'failed', round, error: asFederated(error) });
      } finally {
        if (this.#uploading?.round === round) this.#uploading = undefined;
      }
    });
  }

  async #erase({ runId, round }: Effect<'erase'>): Promise<void> {
    if (runId === this.#runId && this.#uploading?.round === round) this.#uploading.stop.abort();
    await this.#parts.keys.roots.eraseRoot(runId, round);
    await this.#parts.spool.erase({ runId, round });
  }

  async #refuse({ round, error }: Effect<'refuse'>): Promise<void> {
    const { egress, onEvent } = this.#parts;
    const note = `${String(error.detail.rule ?? error.code)}: ${error.message}`;
    await egress.note({
      runId: this.#runId ?? '',
      round,
      kind: 'refusal',
      bytes: 0,
      digest: '',
      masked: false,
      note,
    });
    onEvent({ type: 'refused', round, error });
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

  #setTimer({ name, afterMillis }: Effect<'set-timer'>): void {
    this.#timers.get(name)?.();
    const fire = (): void => {
      this.#timers.delete(name);
      this.post({ type: 'timer', name });
    };
    this.#timers.set(name, this.#parts.clock.after(afterMillis, fire));
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

type Progress = Effect<'report'>['progress'];

function isOfConnection(progress: Progress): progress is Extract<Progress, { type: 'connected' | 'disconnected' }> {
  return progress.type === 'connected' || progress.type === 'disconnected';
}

function asFederated(error: unknown): FederatedError {
  if (error instanceof FederatedError) return error;
  const message = error instanceof Error ? error.message.split('\n')[0]!.slice(0, 300) : 'unknown failure';
  return new FederatedError('internal', message, { cause: error });
}
