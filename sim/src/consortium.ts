import {
  type CryptoPort,
  canonicalJson,
  completePlan,
  modelHash,
  type Plan,
  type RosterEntry,
  type Signer,
  type Task,
  toBase64url,
  utf8Encode,
} from '@concordat/core';
import { fixedDeltas } from './fixed-deltas.js';
import type { Scenario } from './scenario.js';
import { drawUnit, seededRandom } from './seeded-random.js';
import { Learning } from './training/learning.js';
import type { SimulatedTask } from './training/task.js';
import type { TrainingPool } from './training/training-pool.js';
import { VirtualTime } from './virtual-time.js';
import type { Seat, World } from './world.js';

const examplesMin = 200;
const examplesMax = 12_000;

/** What computes in a simulation. */
export type SimulationPorts = Pick<World, 'crypto' | 'codec' | 'kernels' | 'sharing'>;

/** What learns in a simulation, beside the scenario. */
export interface FoundedLearning {
  readonly task: SimulatedTask;
  readonly pool: TrainingPool;
}

/**
 * The organizations of a scenario with keys, plan and roster, all derived from its seed.
 *
 * @param learning of a scenario with `train`; without it deltas are drawn.
 */
export function foundConsortium(scenario: Scenario, ports: SimulationPorts, learning?: FoundedLearning): World {
  const { crypto } = ports;
  const task = learning?.task;
  const seats = Array.from({ length: scenario.participants }, (_, i) =>
    seatOf(crypto, scenario, { place: i + 1, task }),
  );
  const roster = new Map(
    seats.map(({ participantId, organization, signer }): [string, RosterEntry] => [
      participantId,
      { organization, publicKey: signer.publicKey },
    ]),
  );
  const plan = planOf(crypto, scenario, task);
  const rosterDocument = seats.map(({ participantId, signer }) => ({
    participantId,
    key: toBase64url(signer.publicKey),
  }));
  return {
    scenario,
    ...ports,
    time: new VirtualTime(),
    plan,
    planHash: crypto.sha256(canonicalJson(plan)),
    rosterHash: crypto.sha256(canonicalJson(rosterDocument)),
    roster,
    seats,
    coordinator: signerOf(crypto, scenario.seed, 'coordinator'),
    random: seededRandom(crypto, scenario.seed, 'coordinator/random'),
    engine:
      learning === undefined
        ? fixedDeltas(ports, scenario, plan)
        : new Learning({ ports, seed: scenario.seed, plan, ...learning }),
    wallStart: 0,
  };
}

/** The id of the participant at place 1 … n: `p01`, `p02`, … */
export function participantIdAt(scenario: Scenario, place: number): string {
  return `p${String(place).padStart(String(scenario.participants).length, '0')}`;
}

function seatOf(
  crypto: CryptoPort,
  scenario: Scenario,
  { place, task }: { readonly place: number; readonly task: SimulatedTask | undefined },
): Seat {
  const participantId = participantIdAt(scenario, place);
  const draws = seededRandom(crypto, scenario.seed, `seat/${participantId}`);
  const { min, max } = scenario.trainMillis;
  const trainMillis = min + drawUnit(draws) * Math.max(0, max - min);
  const drawn = examplesMin + Math.floor(drawUnit(draws) * (examplesMax - examplesMin));
  return {
    place,
    participantId,
    organization: `organization of ${participantId}`,
    signer: signerOf(crypto, scenario.seed, participantId),
    trainMillis,
    examples: task?.examplesOf(place).length ?? drawn,
  };
}

function signerOf(crypto: CryptoPort, seed: number, who: string): Signer {
  const secret = seededRandom(crypto, seed, `identity/${who}`).bytes(32);
  return { publicKey: crypto.ed25519PublicKey(secret), sign: (message) => crypto.ed25519Sign(message, secret) };
}

function planOf(crypto: CryptoPort, scenario: Scenario, task: SimulatedTask | undefined): Plan {
  const planned = task === undefined ? drawnTask(crypto, scenario) : learnedTask(crypto, task);
  return completePlan({
    consortium: 'simulated',
    run: scenario.name,
    purpose: `Simulation of scenario ${scenario.name}`,
    task: planned,
    rounds: scenario.rounds,
    cohort: { ...scenario.cohort, overSelection: scenario.cohort.overSelection ?? 1 },
    mode: scenario.mode,
    ...(scenario.groups === undefined ? {} : { groups: scenario.groups }),
    reportingGoal: scenario.reportingGoal,
    minSurvivors: scenario.minSurvivors,
    maxColluders: scenario.maxColluders,
    deadlines: { ...scenario.deadlines, leaseBytesPerSecond: scenario.link.uploadBytesPerSecond },
    onShortfall: scenario.retries === 0 ? { action: 'abort' } : { action: 'retry', times: scenario.retries },
    weighting: scenario.weighting,
    maxWeight: task === undefined ? examplesMax : examplesOfLargest(task, scenario.participants),
    clippingNorm: scenario.clippingNorm,
    metrics: scenario.metrics && task === undefined ? [{ name: 'accuracy', kind: 'rate', max: 1 }] : [],
    lanes: { bits: scenario.bits, quantBits: scenario.quantBits },
    ...(scenario.rotation === undefined ? {} : { rotation: scenario.rotation }),
    expires: '2100-01-01T00:00:00Z',
    aggregateCheck: 'off',
    transcriptRetention: 0,
  });
}

function drawnTask(crypto: CryptoPort, { parameters }: Scenario): Task {
  return {
    model: {
      topologyDigest: digestOf(crypto, 'topology'),
      weightsDigest: digestOf(crypto, 'weights'),
      tensors: [{ name: 'weights', shape: [parameters] }],
    },
    loss: 'none',
    optimizer: { name: 'sgd', learningRate: 0.1 },
    batchSize: 32,
    epochs: 1,
    dataSchemaDigest: digestOf(crypto, 'data'),
  };
}

function learnedTask(crypto: CryptoPort, { model, terms }: SimulatedTask): Task {
  const { topology, tensors } = model;
  const { loss, optimizer, batchSize, epochs } = terms;
  return {
    model: {
      topologyDigest: toBase64url(crypto.sha256(canonicalJson(topology))),
      weightsDigest: toBase64url(modelHash(crypto, tensors)),
      tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    },
    loss,
    optimizer,
    batchSize,
    epochs,
    dataSchemaDigest: digestOf(crypto, `data/${terms.data}`),
  };
}

function examplesOfLargest(task: SimulatedTask, participants: number): number {
  let most = 1;
  for (let place = 1; place <= participants; place++) most = Math.max(most, task.examplesOf(place).length);
  return most;
}

/** Of a document that a simulation does not have. */
function digestOf(crypto: CryptoPort, what: string): string {
  return toBase64url(crypto.sha256(utf8Encode(`concordat/sim/${what}`)));
}
