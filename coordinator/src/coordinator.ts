import { type CryptoPort, type FederatedError, type Random, toHex } from '@concordat/core';
import {
  type Clock,
  chooseKernels,
  Garbage,
  LaneThreads,
  nodeCrypto,
  requireNoFailpoint,
  systemClock,
  systemRandom,
  type Transport,
} from '@concordat/node';
import { type Logger, pino } from 'pino';
import { requireIncarnation } from './backup/incarnation.js';
import {
  type CoordinatorConfiguration,
  completeConfiguration,
  readSettings,
  threadsUnlessSaid,
} from './configuration.js';
import { readCoordinatorKeys } from './consortium-directory.js';
import { consortiumFiles, consortiumPath } from './consortium-files.js';
import { type Desks, openDesks } from './desks.js';
import type { Evaluator } from './evaluator.js';
import { type Lead, type Standby, takeLead } from './leadership.js';
import { rosterKeyEnd, tlsEnd } from './observe/certificate-ends.js';
import { Metrics } from './observe/metrics.js';
import { type ObservationServer, openObservationServer } from './observe/observation-server.js';
import { RunLog } from './observe/run-log.js';
import { RunTraces } from './observe/traces.js';
import { WatchedCertificates } from './renewal/watched-certificates.js';
import type { ProgressEvent } from './run/progress.js';
import type { Run } from './run/run.js';
import { type CoordinatorStatus, coordinatorStatus } from './status.js';
import { connectPostgres } from './store/postgres/connection.js';
import type { Lease } from './store/postgres/lease.js';
import type { RunRecord } from './store/records.js';
import { openPostgresStore, openStore, type Store } from './store/store.js';
import { type CoordinatorServer, openCoordinatorServer } from './transport/server.js';
import { openStandbyServer, type StandbyServer } from './transport/standby-server.js';
import { Notices } from './webhooks/notices.js';
import { Webhooks } from './webhooks/webhooks.js';

export interface CoordinatorOptions {
  /** The consortium's directory, with `coordinator/` in it. */
  readonly directory: string;
  /** Instead of `coordinator.yaml`. */
  readonly configuration?: CoordinatorConfiguration;
  /** false: open no port; only clients with `inProcessTransport` reach it. */
  readonly listening?: boolean;
  readonly evaluator?: Evaluator;
  /** Called whenever messages left much garbage: `serverCollection()`, in a process that does nothing else. Nothing unless given. */
  readonly collectGarbage?: () => void;
  /**
   * Told when another coordinator leads and this one stands by, with the port that answers meanwhile: the start takes until it leads.
   * Of coordinators on one database only.
   */
  readonly onStandby?: (standby: StandingBy) => void;
  /** The store was restored from a copy: go on as a new incarnation, in which the run that was under way is over. */
  readonly newIncarnation?: boolean;
  /** Stop standing by. */
  readonly signal?: AbortSignal;
  /** Silent unless given. Nothing secret is ever logged. */
  readonly log?: Logger;
  readonly crypto?: CryptoPort;
  readonly random?: Random;
  /** Timers and durations. */
  readonly clock?: Clock;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** A coordinator that waits for another one to lead no more. */
export interface StandingBy {
  readonly port: number;
  /** Where `/readyz` says that it stands by; undefined when nothing is answered there. */
  readonly observePort: number | undefined;
  /** host:port of the one that leads; empty when it is not known. */
  readonly leader: string;
}

/** A run that an earlier process left without an end, and this one goes on with. */
export interface ResumedRun {
  readonly run: string;
  readonly modelVersion: number;
  /** Hex. */
  readonly modelHash: string;
}

interface Parts {
  readonly store: Store;
  readonly lease: Lease | undefined;
  readonly desks: Desks;
  readonly server: CoordinatorServer;
  readonly address: string;
  readonly status: () => Promise<CoordinatorStatus>;
  readonly resumed: ResumedRun | undefined;
  readonly evaluator: Evaluator | undefined;
  readonly threads: LaneThreads | undefined;
  readonly observation: ObservationServer | undefined;
  readonly closeNotices: () => Promise<void>;
  readonly certificates: WatchedCertificates;
}

const silent = pino({ level: 'silent' });

/** Bytes of messages between two collections. */
const garbageBytesMax = 8 * 1024 * 1024;

/** Open calls get this long when the coordinator stops. */
const drainMillis = 3_000;
/** And this long when another one leads: to be told so. */
const deposedMillis = 500;

/**
 * One coordinator process: enrols, serves plans and models, runs rounds. A library: it prints nothing and never ends the process.
 *
 * ```ts
 * const coordinator = await Coordinator.start({ directory: './consortium' });
 * process.once('SIGTERM', () => coordinator.stop());
 * ```
 */
export class Coordinator {
  readonly #parts: Parts;
  #stopped: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    void parts.lease?.lost.then((why) => {
      this.#stopped ??= this.#stop(why);
    });
  }

  /**
   * Open the store, listen, and go on with the run that was under way. With a database that another coordinator leads on, stand by first.
   *
   * @throws `invalid-argument` for the directory or configuration, or an armed failpoint; `conflict` when another process holds the store;
   *   `unavailable` when the port is in use, or the kernels that were asked for cannot run; `verification` for an altered journal or an expired roster key.
   */
  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    requireNoFailpoint();
    const configuration = options.configuration ?? (await configurationIn(options.directory));
    const led = await openLedStore(options, configuration);
    try {
      return new Coordinator(await assemble(options, configuration, led));
    } catch (error) {
      await led.standby?.close();
      await led.store.close();
      throw error;
    }
  }

  get port(): number {
    return this.#parts.server.port;
  }

  /** Where metrics and probes are answered; undefined when they are not. */
  get observePort(): number | undefined {
    return this.#parts.observation?.port;
  }

  /** host:port that participants dial. */
  get address(): string {
    return this.#parts.address;
  }

  /** The run of an earlier process that this one went on with at its start. */
  get resumed(): ResumedRun | undefined {
    return this.#parts.resumed;
  }

  /** The run going on, or the last one of this process. */
  get run(): Run | undefined {
    return this.#parts.desks.runs.current;
  }

  /**
   * For clients of this process: the same services, codecs and checks, without sockets. They show the certificates they
   * were enrolled with.
   *
   * @throws `internal` when the installed grpc-js is not of the tested versions.
   */
  inProcessTransport(): Transport {
    return this.#parts.server.inProcessTransport();
  }

  /**
   * Resolves when a write of the store failed, or another coordinator leads on its database (then it stops by itself): nothing more is written, and what was acknowledged is kept. Stop, and end the process:
   * only a new one may write again.
   */
  get failed(): Promise<FederatedError> {
    const { lease, store } = this.#parts;
    return lease === undefined ? store.writes.failed : Promise.race([store.writes.failed, lease.lost]);
  }

  /**
   * Show the certificates that are in the directory now, of TLS and of the roster key; connections that are open stay. They are looked at
   * every minute as well.
   *
   * @throws what is wrong with the files; what was shown before stays.
   */
  reloadCertificates(): Promise<void> {
    return this.#parts.certificates.reload();
  }

  status(): Promise<CoordinatorStatus> {
    return this.#parts.status();
  }

  /** Refuse new work, let open calls end, close the store. Calling it twice waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(deposed?: FederatedError): Promise<void> {
    const { server, desks, evaluator, store, threads, observation, closeNotices, certificates } = this.#parts;
    await certificates.close();
    server.drain();
    // Whoever is connected learns at once where to go; what is under way here counts no more.
    if (deposed !== undefined) desks.checkIns.close(deposed);
    await desks.runs.stop();
    await closeNotices();
    desks.checkIns.close();
    await server.close(deposed === undefined ? drainMillis : deposedMillis);
    await observation?.close();
    await evaluator?.close?.();
    await threads?.close();
    await store.close();
  }
}

async function configurationIn(directory: string): Promise<CoordinatorConfiguration> {
  return completeConfiguration(await readSettings({ flags: { directory } }), {});
}

async function assemble(
  options: CoordinatorOptions,
  configuration: CoordinatorConfiguration,
  { store, lease, standby, port: free }: LedStore,
): Promise<Parts> {
  const { crypto = nodeCrypto, random = systemRandom, log = silent, evaluator } = options;
  const { clock = systemClock, wallMillis = Date.now, listening = true, collectGarbage = () => undefined } = options;
  const keys = await readCoordinatorKeys(options.directory);
  const listen = { ...configuration.listen, port: free ?? configuration.listen.port };
  const kernels = chooseKernels(configuration.kernels);
  const threads = laneThreads(configuration, crypto);
  let port = listen.port;
  // Port 0 takes a free one, which is known only once it is open.
  const address = () =>
    configuration.listen.port === 0 ? configuration.address.replace(/\d+$/, String(port)) : configuration.address;
  const dialled = () => [address(), ...(configuration.otherAddresses ?? [])].join(',');
  const shared = { store, crypto, log, clock, wallMillis };
  const metrics = new Metrics();
  const runLog = new RunLog(log);
  const traces = new RunTraces();
  let notices: Notices | undefined;
  const observe = (event: ProgressEvent) => {
    metrics.note(event);
    runLog.note(event);
    traces.note(event);
    notices?.note(event);
  };
  let shown = () => keys.server.certificatePem;
  const count = metrics.webhook.bind(metrics);
  const { webhooks: receivers = [] } = configuration;
  const webhooks = new Webhooks(receivers, { consortium: keys.consortium, clock, wallMillis, log, count });
  const parts = { keys, random, evaluator, address: dialled, kernels, threads, observe };
  const desks = await openDesks({ ...shared, ...parts });
  if (receivers.length > 0) {
    const tell = webhooks.tell.bind(webhooks);
    const standing = () =>
      desks.runs.current && { run: desks.runs.current.runId, standing: desks.runs.current.standing };
    const participants = () => desks.enrolment.participants();
    const certificates = () => [tlsEnd(shown()), rosterKeyEnd(desks.roster)];
    notices = new Notices({ clock, wallMillis, certificates, standing, participants, tell });
  }
  await requireIncarnation(store, options.newIncarnation === true);
  const record = await desks.runs.resume();
  const resumed = record === undefined ? undefined : resumedRun(record);
  if (resumed !== undefined) log.warn({ run: resumed.run, modelVersion: resumed.modelVersion }, 'the run goes on');
  const status = () => coordinatorStatus(desks, store, server.draining() ? 'draining' : 'serving');
  const { consortium } = keys;
  const authorityPem = keys.authority.certificatePem;
  await standby?.close();
  const server = await openCoordinatorServer({
    ...listen,
    admission: configuration.admission,
    listening,
    ...keys.server,
    authorityPem,
    consortium,
    status,
    countRefusal: metrics.refused.bind(metrics),
    garbage: new Garbage(garbageBytesMax, collectGarbage),
    ...shared,
    ...desks,
  });
  port = server.port;
  if (lease !== undefined && configuration.listen.port === 0) await lease.announce(address());
  const { roster } = desks;
  const certificates = new WatchedCertificates({ ...options, server, roster, clock, log, shown: keys.server });
  shown = () => certificates.certificatePem;
  const observation = await openObservation(configuration, { metrics, desks, server, log, certificates, store }).catch(
    async (error: unknown) => {
      await certificates.close();
      await server.close(0);
      throw error;
    },
  );
  if (listening) log.info({ host: listen.host, port, consortium }, 'listening');
  void notices?.watch();
  const closeNotices = async () => {
    notices?.close();
    await webhooks.close();
  };
  const held = { store, lease, desks, server, evaluator, threads, observation, certificates };
  return { ...held, closeNotices, address: address(), status, resumed };
}

/** A store that this process may write, and the port it stood by on. */
interface LedStore {
  readonly store: Store;
  readonly lease?: Lease;
  /** Still answers on the port. */
  readonly standby?: Standby;
  readonly port?: number;
}

async function openLedStore(options: CoordinatorOptions, configuration: CoordinatorConfiguration): Promise<LedStore> {
  const { wallMillis = Date.now } = options;
  const own = consortiumPath(options.directory, consortiumFiles.coordinator.store);
  if (configuration.store === undefined) return { store: await openStore(own, wallMillis) };
  const connection = await connectPostgres(configuration.store);
  let lead: Lead;
  let port: number | undefined;
  try {
    const { clock = systemClock, log = silent, signal } = options;
    const standBy = async (leader: () => string) => {
      const standby = await openStandby(options, configuration, leader);
      port = standby.port;
      return standby;
    };
    lead = await takeLead({ connection, address: configuration.address, clock, log, signal, standBy });
  } catch (error) {
    await connection.close();
    throw error;
  }
  try {
    const store = await openPostgresStore({
      connection,
      lease: lead.lease,
      directory: configuration.blobs ?? own,
      wallMillis,
    });
    return { store, ...lead, ...(port === undefined ? {} : { port }) };
  } catch (error) {
    await lead.standby?.close();
    throw error;
  }
}

async function openStandby(
  options: CoordinatorOptions,
  { listen, observe }: CoordinatorConfiguration,
  leader: () => string,
): Promise<StandbyServer> {
  const { clock = systemClock, log = silent, directory, listening = true } = options;
  const { server: shown, authority } = await readCoordinatorKeys(directory);
  const ports = { ...listen, ...shown, authorityPem: authority.certificatePem, leader, log, clock };
  const server = listening ? await openStandbyServer(ports) : { port: 0, close: async () => undefined };
  const unready = () => (leader() === '' ? 'standby: nobody leads yet' : `standby: ${leader()} leads`);
  const observation =
    observe === undefined
      ? undefined
      : await openObservationServer({ ...observe, metrics: new Metrics(), unready, log });
  log.info({ port: server.port, leader: leader() }, 'standing by');
  options.onStandby?.({ port: server.port, observePort: observation?.port, leader: leader() });
  return {
    port: server.port,
    async close() {
      await observation?.close();
      await server.close();
    },
  };
}

async function openObservation(
  { observe }: CoordinatorConfiguration,
  parts: {
    readonly metrics: Metrics;
    readonly desks: Desks;
    readonly server: CoordinatorServer;
    readonly log: Logger;
    readonly certificates: WatchedCertificates;
    readonly store: Store;
  },
): Promise<ObservationServer | undefined> {
  if (observe === undefined) return undefined;
  const { metrics, desks, server, log, certificates, store } = parts;
  metrics.observe({ ...desks, certificatePem: () => certificates.certificatePem });
  const full = () => (store.writes.full ? 'the disk of the store is full' : undefined);
  const unready = () => (server.draining() ? 'draining' : (desks.runs.current?.failure ?? full()));
  const observation = await openObservationServer({ ...observe, metrics, unready, log });
  log.info({ host: observe.host, port: observation.port }, 'metrics and probes are answered');
  return observation;
}

/** Threads have node:crypto alone: other primitives, which were asked for, are not passed over. */
function laneThreads(configuration: CoordinatorConfiguration, crypto: CryptoPort): LaneThreads | undefined {
  const { kernels = 'auto', threads } = configuration;
  const how = threads === undefined ? threadsUnlessSaid() : { threads };
  return crypto === nodeCrypto ? new LaneThreads({ ...how, kernels }) : undefined;
}

function resumedRun({ run, modelVersion, modelHash }: RunRecord): ResumedRun {
  return { run, modelVersion, modelHash: toHex(modelHash) };
}
