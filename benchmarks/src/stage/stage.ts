import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { enroll } from '@concordat/client-sdk';
import { initConsortium, OperatorClient, type RunStatus, readOperatorKeys } from '@concordat/coordinator';
import {
  bounds,
  decodeSafetensors,
  encodePlan,
  encodeSafetensors,
  FederatedError,
  fromHex,
  signPlan,
  tensorSize,
  toBase64url,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { median } from '../measure.js';
import type { Question } from '../measurement.js';
import { forgetPeak, residentBytes, usedMillis } from './memory.js';
import { consortiumName, operatorName, planOf, runId, step, tensorsOf } from './terms.js';

const command = resolve(import.meta.dirname, '../../../cli/dist/bin/concordat.js');
const participantsProgram = resolve(import.meta.dirname, 'participants.js');
const pollMillis = 200;
/** All participants are connected after it, on however busy a machine. */
const connectMillis = 300_000;

export interface PlayedRun {
  /** Bytes of the coordinator's process: before the model came, and the most from then on. */
  readonly idleBytes: number;
  readonly peakBytes: number;
  /** Of the largest process of participants. */
  readonly clientPeakBytes: number;
  /** How much one of these grew over idle; the most. */
  readonly clientGrowthBytes: number;
  /** The longest turn of a participant's event loop, milliseconds on a processor; 0 unless sections are watched. */
  readonly longestMillis: number;
  readonly millis: number;
  /** Of each round but the first, from the publication before it to its own, as a watching operator sees them. */
  readonly roundMillis: readonly number[];
  /** Time on a processor for each of those rounds: of the coordinator, and of the median process of participants. */
  readonly coordinatorMillis: number;
  readonly clientMillis: number;
  /** Median seconds of each phase of those rounds. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
}

export interface PlayOptions {
  /** Among which the participants are shared out. */
  readonly processes: number;
  /** Models to publish; 1 unless said. */
  readonly rounds?: number;
  /** Whether every participant computes every sum anew beside the next round; on unless said, as in a plan. */
  readonly aggregateCheck?: 'on' | 'off';
  /** Watch the event loop of the first participant, which has a process for itself; it is kept busy then. */
  readonly sections?: boolean;
}

/**
 * Play one run of real processes over mutual TLS on this machine: a coordinator as operators start it, and participants with a trainer
 * that learns nothing. The published model is checked.
 *
 * @throws `internal` when the run does not complete, or its model is not what was put in.
 */
export async function playRun(
  question: Question,
  { processes, rounds = 1, aggregateCheck = 'on', sections = false }: PlayOptions,
): Promise<PlayedRun> {
  const directory = await mkdtemp(join(tmpdir(), 'concordat-stage-'));
  const children: ChildProcess[] = [];
  let operator: OperatorClient | undefined;
  try {
    const consortium = join(directory, 'consortium');
    const coordinator = await startCoordinator(consortium);
    children.push(coordinator.child);
    operator = new OperatorClient({ ...(await readOperatorKeys(consortium)), address: coordinator.address });
    const seats = await enrolAll(operator, directory, question.participants);
    const serving = shareOut(seats, processes).map((own, place) => participantsProcess(own, sections && place === 0));
    children.push(...serving.map(({ child }) => child));
    await connected(operator, question.participants);
    const { now: idleBytes } = residentBytes(coordinator.child.pid!);
    forgetPeak(coordinator.child.pid!);
    const started = performance.now();
    await startRun(operator, question, { consortium, rounds, aggregateCheck });
    const processorMillis = () => [coordinator, ...serving].map(({ child }) => usedMillis(child.pid!));
    const seen = await watch(operator, processorMillis);
    const run = await ended(operator);
    const millis = performance.now() - started;
    const { peak: peakBytes } = residentBytes(coordinator.child.pid!);
    const told = await Promise.all(serving.map(({ said }) => said));
    await requireModel(operator, run, rounds);
    return {
      idleBytes,
      peakBytes,
      clientPeakBytes: Math.max(...told.map((one) => one.peakBytes)),
      clientGrowthBytes: Math.max(...told.map((one) => one.peakBytes - one.idleBytes)),
      longestMillis: Math.max(...told.map((one) => one.longestMillis)),
      millis,
      ...seen,
    };
  } finally {
    operator?.close();
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'close')));
    await rm(directory, { recursive: true, force: true });
  }
}

async function startCoordinator(directory: string) {
  const names = ['127.0.0.1'];
  const address = '127.0.0.1:0';
  await initConsortium({
    directory,
    consortium: consortiumName,
    operator: operatorName,
    address,
    listenHost: '127.0.0.1',
    names,
  });
  const quiet = ['--log-level', 'error', '--json'];
  // All participants come from this machine.
  const connections = ['--connections-per-address', String(bounds.connectionsMax)];
  const args = [command, 'coordinator', 'start', '--directory', directory, ...connections, ...quiet];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, address: (JSON.parse(line) as { readonly address: string }).address };
}

/** @returns the participants' directories. */
async function enrolAll(operator: OperatorClient, directory: string, participants: number): Promise<string[]> {
  const seats: string[] = [];
  for (let seat = 1; seat <= participants; seat++) {
    const name = `p${seat}`;
    const invitation = await operator.invite(name, `organization-${seat}`, 0);
    const onPending = (fingerprint: string): void => void operator.admit(name, fingerprint);
    await enroll({ invitation, directory: join(directory, name), pollMillis: 5, onPending });
    seats.push(join(directory, name));
  }
  return seats;
}

function shareOut(seats: readonly string[], processes: number): string[][] {
  return Array.from({ length: processes }, (_, i) => seats.filter((_, seat) => seat % processes === i));
}

interface Told {
  readonly completed: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
  readonly longestMillis: number;
}

function participantsProcess(directories: readonly string[], sections: boolean) {
  const child = spawn(process.execPath, [participantsProgram, ...directories], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BENCHMARK_SECTIONS: sections ? '1' : '0' },
  });
  const said = once(createInterface({ input: child.stdout! }), 'line').then(([line]) => {
    const told = JSON.parse(line as string) as Told;
    if (told.completed === directories.length) return told;
    throw failed(`${directories.length - told.completed} participants did not complete the run`);
  });
  said.catch(() => undefined);
  return { child, said };
}

async function connected(operator: OperatorClient, participants: number): Promise<void> {
  const since = performance.now();
  for (;;) {
    const rows = await operator.participants();
    const count = rows.filter((row) => row.connected).length;
    if (count === participants) return;
    if (performance.now() - since > connectMillis) throw failed(`${count} of ${participants} participants connected`);
    await sleep(pollMillis);
  }
}

/** Follow the run to its end. */
async function watch(
  operator: OperatorClient,
  processorMillis: () => readonly number[],
): Promise<Pick<PlayedRun, 'roundMillis' | 'phaseSeconds' | 'coordinatorMillis' | 'clientMillis'>> {
  const published: {
    readonly at: number;
    readonly phases: Readonly<Record<string, number>>;
    readonly used: readonly number[];
  }[] = [];
  await operator.watch(runId, 1, ({ event }) => {
    if (event.type === 'round' && event.outcome === 'published')
      published.push({ at: performance.now(), phases: event.phases, used: processorMillis() });
  });
  const [first, last] = [published[0]!.used, published.at(-1)!.used];
  const [coordinatorMillis = 0, ...clients] = last.map(
    (used, process) => (used - first[process]!) / Math.max(1, published.length - 1),
  );
  const later = published.slice(1);
  const phases = Object.keys(later[0]?.phases ?? {});
  return {
    coordinatorMillis,
    clientMillis: median(clients),
    roundMillis: later.map(({ at }, before) => at - published[before]!.at),
    phaseSeconds: Object.fromEntries(
      phases.map((phase) => [phase, median(later.map((round) => round.phases[phase] ?? 0))]),
    ),
  };
}

async function startRun(
  operator: OperatorClient,
  question: Question,
  {
    consortium,
    ...terms
  }: { readonly consortium: string; readonly rounds: number; readonly aggregateCheck: 'on' | 'off' },
): Promise<void> {
  const tensors = tensorsOf(question.parameters);
  const weights = tensors.map((shape) => ({ ...shape, values: new Float32Array(tensorSize(shape)) }));
  const topologyDigest = toBase64url(await operator.put(Buffer.from('{"class_name":"Sequential"}')));
  const weightsDigest = toBase64url(await operator.put(encodeSafetensors(weights)));
  const plan = encodePlan(planOf(question, { topologyDigest, weightsDigest, ...terms }));
  const { operatorKey } = await readOperatorKeys(consortium);
  const planHash = await operator.propose(signPlan(nodeCrypto, operatorKey, plan));
  await operator.startRun(planHash, runId);
}

async function ended(operator: OperatorClient): Promise<RunStatus> {
  for (;;) {
    const [run] = (await operator.status()).runs;
    if (run?.state === 'completed') return run;
    if (run?.state === 'aborted') throw failed(`the run was aborted: ${run.reason}`);
    await sleep(pollMillis);
  }
}

/** Every weight was 0, and every participant added the same step in every round. */
async function requireModel(operator: OperatorClient, { modelHash }: RunStatus, rounds: number): Promise<void> {
  const expected = rounds * step;
  for (const { name, values } of decodeSafetensors(await operator.get(fromHex(modelHash)))) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i]!;
    const mean = sum / values.length;
    if (Math.abs(mean - expected) > expected / 100) throw failed(`the mean of ${name} is ${mean} and not ${expected}`);
  }
}

function failed(message: string): FederatedError {
  return new FederatedError('internal', message);
}
