import { join } from 'node:path';
import {
  type CryptoPort,
  type DataSchema,
  FederatedError,
  keptSessions,
  type OfferedReceipt,
  type ParticipationRecord,
} from '@concordat/core';
import {
  type Clock,
  chooseKernels,
  type DirectoryLock,
  type KernelChoice,
  LaneThreads,
  lockDirectory,
  nodeCrypto,
  requireNoFailpoint,
  SocketBytes,
  systemClock,
  type Transport,
} from '@concordat/node';
import { newCorrelationId, sessionCodec } from '@concordat/proto';
import { EgressLog } from './egress/egress-log.js';
import { maskedTimes } from './egress/egress-reading.js';
import type { ClientEvent, RunEnd } from './events.js';
import type { IdentitySigner } from './keys/identity-signer.js';
import { KeyStore } from './keys/key-store.js';
import { type Policy, readPolicy } from './policy/policy.js';
import { type RandomSource, randomFor } from './random-source.js';
import { openTrainer, type RecordsSource } from './records-source.js';
import { CertificateRenewal } from './renewal.js';
import { LocalTraining } from './run/local-training.js';
import type { MaskingPorts } from './run/masking.js';
import { ParticipationRunner } from './run/participation-runner.js';
import { recordsHere } from './run/records-check.js';
import { requireRemembered } from './state/memory-check.js';
import { ParticipantState } from './state/participant-state.js';
import { readSwitch } from './state/participation-switch.js';
import { Spool } from './state/spool.js';
import { standBy } from './state/standby.js';
import { stateLost } from './state/state-lost.js';
import type { EngineDescription, Trainer } from './trainer/trainer.js';
import { type Connection, connect } from './transport/connection.js';
import { Downloads } from './transport/downloads.js';
import { parseProxy, proxiedTransport } from './transport/proxy.js';

/** What a client is opened with: its directory, its records, and whatever is to be otherwise than usual. */
export type ClientOptions = RecordsSource & {
  /** The directory that `enroll` filled; this client alone uses it. */
  readonly directory: string;
  /** The participant's rules; else they are read from `policyFile`. */
  readonly policy?: Policy;
  /** `policy.yaml` in the directory unless said. Without such a file every plan is refused. */
  readonly policyFile?: string;
  /** Wait while another process uses the directory, and take over when it ends. Nothing is sent or written meanwhile. */
  readonly standby?: boolean;
  /** Ends standing by: opening is then refused as `unavailable`. */
  readonly signal?: AbortSignal;
  /** Slower than the policy says, if both are given. */
  readonly uploadBytesPerSecond?: number;
  /** Called in order, on the event loop; must not throw. */
  readonly onEvent?: (event: ClientEvent) => void;
  /** 16 hexadecimal digits, sent with every call and logged by the coordinator beside an error; random unless given. */
  readonly correlationId?: string | undefined;
  /** Signs with the identity key where that is kept, e.g. in a hardware module; the directory then needs no `identity.key`. See `enroll`. */
  readonly identity?: IdentitySigner;
  readonly crypto?: CryptoPort;
  readonly random?: RandomSource;
  /** Loops over lanes; WebAssembly where it can run unless said. */
  readonly kernels?: KernelChoice;
  /** Threads that encode and mask large updates, beside the event loop; 1 unless said. Only for the usual `crypto`. */
  readonly threads?: number;
  /** Timers and durations. */
  readonly clock?: Clock;
  /** How the coordinator is reached; mutual TLS over TCP unless said. See `Coordinator.inProcessTransport`. */
  readonly transport?: Transport;
  /** An HTTP proxy that the line goes through, `http://[user:password@]host:port`; the one that the environment names unless said. Not with `transport`. */
  readonly proxy?: string | undefined;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
  /** Called whenever a download left much garbage: a minor collection, in a process that does nothing else. Nothing unless given. */
  readonly collectGarbage?: (() => void) | undefined;
};

/** How long a client takes part. */
export interface RunOptions {
  /** Ends the participation in an orderly way: declines what is open, erases what is secret. */
  readonly signal?: AbortSignal;
  /** Return when a run that was offered meanwhile has finished; without it runs are awaited until the signal fires. */
  readonly once?: boolean;
}

/** What is waited for when leaving, so that a decline still reaches the coordinator. */
const leavingMillis = 2_000;

interface Opened {
  readonly lock: DirectoryLock;
  readonly keys: KeyStore;
  readonly policy: Policy | undefined;
  readonly state: ParticipantState;
  readonly spool: Spool;
  readonly egress: EgressLog;
  readonly contributedBefore: readonly number[];
  readonly sockets: SocketBytes;
  readonly trainer: Trainer;
  /** Made here, so closed here. */
  readonly ownsTrainer: boolean;
  /** What is declared of the records. */
  readonly dataSchema: DataSchema | undefined;
  readonly clientEpoch: number;
  readonly startId: Uint8Array;
  readonly masking: MaskingPorts;
}

/** How a runner says that it is done. */
interface RunnerEnds {
  readonly onFinished: (end: RunEnd) => void;
  readonly onFatal: (error: unknown) => void;
}

/**
 * One participant's client: connects outbound, takes part in runs that its policy allows, and keeps records and keys here.
 * It prints nothing, ends no process and holds no globals: several participants can live in one program.
 *
 * ```ts
 * const client = await FederatedClient.open({ directory: 'participant', dataDirectory: 'data', onEvent: console.log });
 * try {
 *   await client.run({ signal });
 * } finally {
 *   await client.close();
 * }
 * ```
 */
export class FederatedClient {
  readonly #options: ClientOptions;
  readonly #opened: Opened;
  /** Tell it to the operator: the coordinator's log has it beside every call of ours that it refused. */
  readonly correlationId: string;
  #running: Promise<RunEnd | undefined> | undefined;
  #leave = new AbortController();
  #closing: Promise<void> | undefined;
  /** Whether the coordinator has taken this start of the client in. */
  #welcomed = false;

  private constructor(options: ClientOptions, opened: Opened) {
    this.#options = options;
    this.#opened = opened;
    this.correlationId = options.correlationId ?? newCorrelationId();
  }

  /**
   * Open an enrolled participant: lock its directory, purge what is left of sessions that are over, load keys, policy and records.
   * Nothing is sent.
   *
   * @throws `conflict` when another process uses the directory, unless it stands by for it; `state-lost` when the journal is
   *   missing, damaged or older than the directory itself proves: see `recover`; `unauthenticated` when nobody is enrolled here; `permission`
   *   when others can read a key; `invalid-argument` for policy or records that cannot be understood, or an armed failpoint;
   *   `refused` `trainer.external` for a trainer in a process of its own that the policy does not allow, and as {@link createExternalTrainer};
   *   `unavailable` when no training engine loads, or the kernels that were asked for cannot run.
   */
  static async open(options: ClientOptions): Promise<FederatedClient> {
    requireNoFailpoint();
    if (options.proxy !== undefined) parseProxy(options.proxy);
    const { directory, wallMillis = Date.now, crypto = nodeCrypto, random: source, identity, clock } = options;
    const random = randomFor('session-root', source);
    const primitives = { crypto, random, wallMillis, identity, clock };
    // Looked at before the lock too: who is not enrolled has nothing to wait for.
    await KeyStore.open(directory, primitives);
    const masking = maskingPorts(options);
    const lock = await hold(options);
    const undo: (() => unknown)[] = [() => lock.release()];
    try {
      const keys = await KeyStore.open(directory, primitives);
      const state = await ParticipantState.open(directory);
      undo.push(() => state.close());
      const kept = keptSessions(await state.read());
      await keys.roots.purgeRoots(kept);
      const policy = options.policy ?? (await readPolicy(options.policyFile ?? join(directory, 'policy.yaml')));
      const spool = await Spool.open(directory, kept);
      const contributedBefore = policy?.rounds.perDay === undefined ? [] : await maskedTimes(directory);
      const sockets = new SocketBytes();
      const egress = await EgressLog.open(directory, { wallMillis, sockets });
      undo.push(() => egress.close());
      const ownsTrainer = !('trainer' in options);
      const { trainer, dataSchema } = await openTrainer(options, {
        participant: keys.participantId,
        policy,
        clock: options.clock,
        onStatus: (status) => options.onEvent?.({ type: 'trainer', ...status }),
      });
      if (ownsTrainer) undo.push(() => trainer.close());
      const clientEpoch = await state.countStart(egress.mark);
      options.onEvent?.({ type: 'engine', ...trainer.describe() });
      const opened = {
        lock,
        keys,
        policy,
        state,
        spool,
        egress,
        contributedBefore,
        sockets,
        trainer,
        ownsTrainer,
        dataSchema,
        clientEpoch,
        startId: randomFor('start', source).bytes(16),
        masking,
      };
      return new FederatedClient(options, opened);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  get participantId(): string {
    return this.#opened.keys.participantId;
  }

  get consortium(): string {
    return this.#opened.keys.enrolment.consortium;
  }

  /** Which engine trains here, and why. */
  get engine(): EngineDescription {
    return this.#opened.trainer.describe();
  }

  /**
   * Take part until the signal fires or, with `once`, until a run has finished. Lost connections are opened again.
   *
   * @returns how the run ended; undefined when the signal came first.
   * @throws what waiting does not cure: `unauthenticated`, `conflict` when a newer client of this participant took over,
   *   `verification` for another TLS authority, `state-lost`, `internal`.
   */
  run(options: RunOptions = {}): Promise<RunEnd | undefined> {
    if (this.#closing !== undefined || this.#running !== undefined) {
      throw new FederatedError(
        'invalid-argument',
        this.#closing !== undefined ? 'the client is closed' : 'the client runs already',
      );
    }
    this.#leave = new AbortController();
    const signals = [this.#leave.signal, ...(options.signal === undefined ? [] : [options.signal])];
    this.#running = this.#participate(AbortSignal.any(signals), options.once === true).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Leave if running, wait for that, and let go of everything. Whoever calls it again waits for the same. */
  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  async #letGo(): Promise<void> {
    this.#leave.abort();
    await this.#running?.catch(() => undefined);
    const { trainer, ownsTrainer, state, egress, sockets, lock, masking } = this.#opened;
    if (ownsTrainer) await trainer.close();
    await masking.threads?.close();
    await within(sockets.allClosed(), leavingMillis, this.#options.clock ?? systemClock);
    await egress.close();
    await state.close(egress.mark);
    lock.release();
  }

  async #participate(signal: AbortSignal, once: boolean): Promise<RunEnd | undefined> {
    if (signal.aborted) return undefined;
    const stop = new AbortController();
    let end: RunEnd | undefined;
    let fatal: unknown;
    const { connection, runner } = await this.#begin({
      onFinished: (finished) => {
        end = finished;
        if (once) stop.abort();
      },
      onFatal: (error) => {
        fatal ??= error;
        stop.abort();
      },
    });
    const streamEnd = new AbortController();
    const left = new Promise<void>((resolve) => {
      const leave = (): void => void runner.stop(leavingMillis).then(resolve, resolve);
      const leaving = AbortSignal.any([signal, stop.signal]);
      // It may have fired while the journal was read: what is open is left in the same way.
      if (leaving.aborted) leave();
      else leaving.addEventListener('abort', leave, { once: true });
    }).then(() => streamEnd.abort());
    try {
      await this.#checkIn(connection, runner, streamEnd.signal);
    } catch (error) {
      fatal ??= await this.#explain(error);
      stop.abort();
    }
    await left;
    connection.close();
    if (fatal !== undefined) throw fatal;
    return signal.aborted ? undefined : end;
  }

  /** In a function of its own: one that waits for the end of a run would hold on to the journal until then. */
  async #begin(ends: RunnerEnds): Promise<{ readonly connection: Connection; readonly runner: ParticipationRunner }> {
    const journalled = await this.#opened.state.read();
    const connection = this.#connect();
    return { connection, runner: this.#runner(connection, journalled, ends) };
  }

  #connect(): Connection {
    const { keys, sockets } = this.#opened;
    const { crypto, random, clock, proxy, collectGarbage } = this.#options;
    const { transport = proxy === undefined ? undefined : proxiedTransport(proxy) } = this.#options;
    return connect({
      ...keys.enrolment,
      ...keys.tls,
      coordinatorKey: () => keys.roster.roster.coordinatorKey,
      correlationId: this.correlationId,
      sockets,
      ...(crypto === undefined ? {} : { crypto }),
      random: randomFor('backoff', random),
      downloads: new Downloads(join(keys.directory, 'downloads'), { collectGarbage, clock }),
      ...(clock === undefined ? {} : { clock }),
      ...(transport === undefined ? {} : { transport }),
    });
  }

  #runner(connection: Connection, journalled: readonly ParticipationRecord[], ends: RunnerEnds): ParticipationRunner {
    const { keys, policy, state, spool, egress, contributedBefore, trainer, dataSchema, masking } = this.#opened;
    const { crypto = nodeCrypto, clock = systemClock, wallMillis = Date.now, onEvent } = this.#options;
    const examplesMin = policy?.examples.min ?? 1;
    return new ParticipationRunner({
      connection,
      keys,
      policy,
      records: recordsHere(dataSchema, trainer),
      journal: state,
      journalled,
      spool,
      readSwitch: () => readSwitch(keys.directory),
      egress,
      contributedBefore,
      training: new LocalTraining({ connection, trainer, masking, examplesMin }),
      ports: { crypto, codec: sessionCodec },
      crypto,
      masking,
      random: randomFor('check', this.#options.random),
      uploadBytesPerSecond: slower(policy?.uploadBytesPerSecond, this.#options.uploadBytesPerSecond),
      clock,
      wallMillis,
      onEvent: onEvent ?? (() => undefined),
      ...ends,
    });
  }

  async #checkIn(connection: Connection, runner: ParticipationRunner, signal: AbortSignal): Promise<void> {
    const { clientEpoch, startId } = this.#opened;
    const { onEvent = () => undefined, wallMillis = Date.now } = this.#options;
    const { keys } = this.#opened;
    const renewal = new CertificateRenewal({ keys, connection, signal, wallMillis, onEvent });
    let connected = false;
    await connection.checkIn({
      clientEpoch,
      startId,
      signal,
      onMessage: (runId, message) => runner.take(runId, message),
      onConnected: ({ software, receipts }) => {
        this.#requireRemembered(receipts);
        connected = true;
        this.#welcomed = true;
        const { correlationId } = this;
        onEvent({ type: 'connected', address: connection.address, software, correlationId });
        runner.post({ type: 'connected' });
        renewal.look();
      },
      onDisconnected: (error, retryMillis) => {
        if (connected) runner.post({ type: 'disconnected' });
        connected = false;
        if (error.code === 'malformed') runner.refused(error);
        onEvent({ type: 'disconnected', reason: error.message, retryMillis });
      },
    });
  }

  #requireRemembered(receipts: readonly OfferedReceipt[]): void {
    const { keys, state } = this.#opened;
    const { crypto = nodeCrypto } = this.#options;
    requireRemembered({ keys, crypto, steps: state.steps, receipts });
  }

  /** A start that was never let in and is not the newest runs from a directory that is older than another. */
  async #explain(failure: unknown): Promise<unknown> {
    if (!(failure instanceof FederatedError)) return failure;
    const { keys, egress, clientEpoch } = this.#opened;
    const older = failure.code === 'conflict' && failure.detail.rule === 'client.epoch' && !this.#welcomed;
    const { required } = failure.detail;
    const error = older
      ? stateLost(
          keys.directory,
          `the coordinator has seen a start of ${keys.participantId} that this directory does not know of (this is start ${clientEpoch}, the next is ${String(required)}): another copy of it was used, or this one is older`,
          { rule: 'state.fenced', required: String(required), offered: clientEpoch },
          failure,
        )
      : failure;
    if (error.code === 'state-lost') {
      const runId = typeof error.detail.run === 'string' ? error.detail.run : '';
      const round = typeof error.detail.round === 'number' ? error.detail.round : 0;
      const note = `${String(error.detail.rule)}: ${error.message}`;
      await egress.note({ runId, round, kind: 'refusal', bytes: 0, digest: '', masked: false, note });
    }
    return error;
  }
}

/** The work's end, or the time's, whichever is first. */
async function within(work: Promise<void>, millis: number, clock: Clock): Promise<void> {
  let cancel: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = clock.after(millis, resolve);
  });
  await Promise.race([work, over]);
  cancel();
}

async function hold(options: ClientOptions): Promise<DirectoryLock> {
  const { directory, standby, signal, wallMillis = Date.now, clock = systemClock, onEvent } = options;
  if (standby !== true) return lockDirectory(directory, wallMillis());
  return standBy({
    directory,
    wallMillis,
    clock,
    signal,
    onHeld: (holder) => onEvent?.({ type: 'standing-by', directory, ...holder }),
  });
}

/** Threads have the system's primitives and randomness alone: others, which were asked for, are not passed over. */
function maskingPorts({ crypto = nodeCrypto, random, kernels = 'auto', threads = 1 }: ClientOptions): MaskingPorts {
  return {
    crypto,
    kernels: chooseKernels(kernels),
    threads: crypto === nodeCrypto ? new LaneThreads({ threads, kernels }) : undefined,
    random: { source: randomFor('rounding', random), isSystem: random === undefined },
  };
}

function slower(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
