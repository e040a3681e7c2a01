import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { FederatedClient } from '@concordat/client-sdk';
import { decodeRecord, OperatorClient } from '@concordat/coordinator';
import { type CoordinationRecord, decodeSafetensors, fromHex } from '@concordat/core';
import { type Transport, tlsTransport } from '@concordat/node';
import { TcpProxy } from '../fault/tcp-proxy.js';
import { EnrolledConsortium, modelOf, names } from '../hostile/consortium.js';
import { exactTrainer, unitsPerOne } from '../hostile/exact-trainer.js';
import { exactSum } from '../hostile/hostile-case.js';
import type { PostgresServer } from '../support/postgres-server.js';
import { automaticPolicy } from '../support/stepping.js';

const bin = resolve(import.meta.dirname, '../../../cli/dist/bin/concordat.js');
/** Of the role that both coordinators use, each over a line of its own that can fail. */
const password = 'of-the-failover';
/** Longer than any takeover: nobody is dropped because the leader was lost. */
const deadlines = { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };

/** Where in a round the leader is lost: a participant is about to make this call. */
export const phases = {
  select: 'Rounds/Answer',
  train: 'Rounds/Ready',
  advertise: 'Rounds/Advertise',
  share: 'Rounds/Share',
  confirm: 'Rounds/Confirm',
  upload: 'Blobs/UploadMaskedUpdate',
  certify: 'Rounds/Certify',
  reveal: 'Rounds/Reveal',
  publish: 'publish',
} as const;

export type Phase = keyof typeof phases;
/** A signal, or a partition: the process lives and is reached, and its database is not. */
export type Loss = 'SIGKILL' | 'SIGSTOP' | 'SIGTERM' | 'partition';

/** What became of a run in which the leader was lost. */
export interface Takeover {
  readonly phase: Phase;
  readonly loss: Loss;
  /** From the signal until the other one listens. */
  readonly takeoverMillis: number;
  /** From the signal until every participant has the end of the run. */
  readonly finishedMillis: number;
  /** How the old leader ended: a signal or an exit code. */
  readonly oldLeader: string | number;
  /** Whose updates are in the model. Whoever is not back when all others are ready to open a session is not waited for. */
  readonly survivors: readonly string[];
  /** What must not be; empty when all is well. */
  readonly violations: readonly string[];
}

interface Said {
  readonly type: string;
  readonly port: number;
}

/** One of two coordinators on one database, as a process. */
class Replica {
  readonly port: number;
  readonly #line: TcpProxy;
  readonly #args: readonly string[];
  #child!: ChildProcess;
  #ended!: Promise<string | number>;
  #leads!: Promise<void>;

  /** @param line to the database. @param store its URL over that line, without a password. */
  constructor(
    directory: string,
    ports: { readonly own: number; readonly other: number },
    line: TcpProxy,
    store: string,
  ) {
    this.port = ports.own;
    this.#line = line;
    const at = [
      '--address',
      this.address,
      '--port',
      String(ports.own),
      '--other-addresses',
      `127.0.0.1:${ports.other}`,
    ];
    const kept = ['--store', store, '--store-tls', 'off', '--store-password', 'env:FAILOVER_PASSWORD'];
    this.#args = [
      bin,
      'coordinator',
      'start',
      '--directory',
      directory,
      ...at,
      ...kept,
      '--json',
      '--log-level',
      'fatal',
    ];
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Resolves when it leads or stands by. */
  async start(): Promise<Said['type']> {
    const child = spawn(process.execPath, this.#args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, FAILOVER_PASSWORD: password },
    });
    this.#child = child;
    const reap = () => child.kill('SIGKILL');
    process.once('exit', reap);
    child.once('close', () => process.off('exit', reap));
    this.#ended = once(child, 'close').then(([code, signal]) => signal ?? code);
    const lines = createInterface({ input: child.stdout! });
    let leads: () => void;
    this.#leads = new Promise((resolve) => {
      leads = resolve;
    });
    return new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const said = JSON.parse(line) as Said;
        if (said.type === 'listening') leads();
        resolve(said.type);
      });
      void this.#ended.then((end) => reject(new Error(`a coordinator ended with ${end} before it said a word`)));
    });
  }

  get leads(): Promise<void> {
    return this.#leads;
  }

  get ended(): Promise<string | number> {
    return this.#ended;
  }

  lose(loss: Loss): void {
    if (loss === 'partition') this.#line.partition('up', 'down');
    else this.#child.kill(loss);
  }

  /** The end of a stop or a partition. */
  wake(loss: Loss): void {
    if (loss === 'SIGSTOP') this.#child.kill('SIGCONT');
    if (loss === 'partition') this.#line.heal();
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    await this.#line.close();
  }
}

/** Two coordinators in processes of their own on one PostgreSQL and one directory, five participants here. */
export class FailoverPair {
  readonly #server: PostgresServer;
  readonly #database: string;
  readonly #consortium: EnrolledConsortium;
  readonly #clients: FederatedClient[] = [];
  #leader!: Replica;
  #follower!: Replica;
  #runs = 0;
  /** Told of every call of the first participant before it is made. */
  #onCall: (method: string) => void = () => undefined;

  private constructor(server: PostgresServer, database: string, consortium: EnrolledConsortium) {
    this.#server = server;
    this.#database = database;
    this.#consortium = consortium;
  }

  static async open(server: PostgresServer): Promise<FailoverPair> {
    const database = await server.createDatabase();
    const founding = { database: { location: server.location(database), settings: { store: server.url(database) } } };
    const consortium = await EnrolledConsortium.enrol({}, founding);
    const pair = new FailoverPair(server, database, consortium);
    await consortium.real.operator.put(consortium.topology);
    consortium.real.operator.close();
    await consortium.real.coordinator.stop();
    const [one, other] = [await freePort(), await freePort()];
    const { directory } = consortium.real;
    await server.execute(database, `create role keeper superuser login password '${password}'`);
    const replica = async (own: number, other: number) => {
      const line = await TcpProxy.listen(server.port);
      const store = `postgres://keeper@127.0.0.1:${line.port}/${database}`;
      return new Replica(directory, { own, other }, line, store);
    };
    pair.#leader = await replica(one, other);
    pair.#follower = await replica(other, one);
    await pair.#leader.start();
    await pair.#follower.start();
    const address = `${pair.#leader.address},${pair.#follower.address}`;
    for (const name of names) {
      const transport = name === names[0] ? watched((method) => pair.#onCall(method)) : tlsTransport;
      const directory = consortium.directoryOf(name, address);
      const trainer = exactTrainer(name);
      pair.#clients.push(await FederatedClient.open({ directory, trainer, policy: automaticPolicy, transport }));
    }
    return pair;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#leader.close();
    await this.#follower.close();
    await this.#consortium.close();
  }

  /** One round, whose leader is lost in this phase; a leader that was stopped is woken up when the other one has finished the run. */
  async lose(phase: Phase, loss: Loss): Promise<Takeover> {
    this.#runs += 1;
    const runId = `lost-${this.#runs}`;
    const [leader, follower] = [this.#leader, this.#follower];
    const operator = this.#operatorOf(leader);
    const first = await this.#lastEpoch();
    const lost = this.#armed(phase, leader, loss, operator, runId);
    await operator.put(modelOf(this.#runs));
    const { signed } = this.#consortium.plan({ run: runId, rounds: 1, deadlines, metrics: [] }, this.#runs);
    await operator.startRun(await operator.propose(signed), runId);
    const ends = Promise.all(this.#clients.map((client) => client.run({ once: true })));
    const lostAt = await lost;
    operator.close();
    await follower.leads;
    const takeoverMillis = performance.now() - lostAt;
    const outcomes = await ends;
    const finishedMillis = performance.now() - lostAt;
    leader.wake(loss);
    const oldLeader = await leader.ended;
    const { survivors, wrong } = await this.#published(runId, follower);
    const violations = [
      ...outcomes.filter((end) => end?.outcome !== 'completed').map(() => 'a participant did not complete the run'),
      ...(await this.#stale(first)),
      ...wrong,
    ];
    await leader.start();
    [this.#leader, this.#follower] = [follower, leader];
    return { phase, loss, takeoverMillis, finishedMillis, oldLeader, survivors, violations };
  }

  /** Resolves with the moment of the signal. */
  #armed(phase: Phase, leader: Replica, loss: Loss, operator: OperatorClient, runId: string): Promise<number> {
    return new Promise((resolve) => {
      const lose = () => {
        this.#onCall = () => undefined;
        resolve(performance.now());
        leader.lose(loss);
      };
      this.#onCall = (method) => {
        if (method === `/concordat.v1.${phases[phase]}`) lose();
        // The last of the session: then the sum is opened and published.
        if (phase === 'publish' && method === `/concordat.v1.${phases.reveal}`) {
          this.#onCall = () => undefined;
          void operator
            .watch(runId, 1, ({ event }) => {
              if (event.type === 'phase' && event.phase === 'publish') lose();
            })
            .catch(() => undefined);
        }
      };
    });
  }

  #operatorOf({ address }: Replica): OperatorClient {
    return new OperatorClient({ ...this.#consortium.operatorKeys, address });
  }

  async #lastEpoch(): Promise<number> {
    const [row] = await this.#query<{ readonly epoch: number }>('select max(epoch) as epoch from events');
    return row?.epoch ?? 0;
  }

  /** Events of an older epoch behind one of a newer, and a takeover that left no event. */
  async #stale(first: number): Promise<string[]> {
    const stale = await this.#query<{ readonly seq: number }>(
      'select seq from (select seq, epoch, max(epoch) over (order by seq) as newest from events) found where epoch < newest',
    );
    const last = await this.#lastEpoch();
    return [
      ...stale.map(({ seq }) => `event ${seq} was written by a leader of an older epoch`),
      ...(last > first ? [] : ['the new leader wrote nothing']),
    ];
  }

  /** One round was published, and the model is exactly what its survivors make of it undisturbed. */
  async #published(runId: string, leader: Replica): Promise<Pick<Takeover, 'survivors'> & { wrong: string[] }> {
    const bodies = await this.#query<{ readonly body: Uint8Array }>(
      `select body from events where run = '${runId}' and kind = 'round-ended' order by seq`,
    );
    const rounds = bodies.map(({ body }) => decodeRecord(body) as Extract<CoordinationRecord, { type: 'round-ended' }>);
    const published = rounds.filter(({ record }) => record.outcome.type === 'published').map(({ record }) => record);
    if (published.length !== 1) return { survivors: [], wrong: [`${published.length} rounds were published`] };
    const [{ round, survivors }] = published as [(typeof published)[0]];
    const operator = this.#operatorOf(leader);
    const status = (await operator.status()).runs.find(({ run }) => run === runId);
    const [bias] = decodeSafetensors(await operator.get(fromHex(status!.modelHash)));
    operator.close();
    const moved = bias!.values.map((value) => (value - this.#runs) * unitsPerOne * survivors.length);
    const wrong = exactSum(survivors, round).filter((units, i) => Math.abs(moved[i]! - units) > 0.5);
    return { survivors, wrong: wrong.length === 0 ? [] : [`${wrong.length} lanes of the sum are wrong`] };
  }

  #query<Row extends object>(statement: string): Promise<readonly Row[]> {
    return this.#server.execute<Row>(this.#database, statement);
  }
}

/** Mutual TLS, with a word about every call before it is made. */
function watched(onCall: (method: string) => void): Transport {
  return {
    channel(address, tls, settings) {
      const channel = tlsTransport.channel(address, tls, settings);
      const createCall = channel.createCall.bind(channel);
      channel.createCall = (method, ...rest) => {
        onCall(method);
        return createCall(method, ...rest);
      };
      return channel;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
