import {
  type CryptoPort,
  canonicalJson,
  completePlan,
  type Plan,
  type RosterEntry,
  type Signer,
  toBase64url,
  utf8Encode,
} from '@concordat/core';
import { fixedDeltas } from './fixed-deltas.js';
import type { Scenario } from './scenario.js';
import { drawUnit, seededRandom } from './seeded-random.js';
import { VirtualTime } from './virtual-time.js';
import type { Seat, World } from './world.js';

const examplesMin = 200;
const examplesMax = 12_000;

/** What computes in a simulation. */
export type SimulationPorts = Pick<World, 'crypto' | 'codec' | 'kernels' | 'sharing'>;

/** The organizations of a scenario with keys, plan and roster, all derived from its seed. */
export function foundConsortium(scenario: Scenario, ports: SimulationPorts): World {
  const { crypto } = ports;
  const seats = Array.from({ length: scenario.participants }, (_, i) => seatOf(crypto, scenario, i + 1));
  const roster = new Map(
    seats.map(({ participantId, organization, signer }): [string, RosterEntry] => [
      participantId,
      { organization, publicKey: signer.publicKey },
    ]),
  );
  const plan = planOf(crypto, scenario);
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
    engine: fixedDeltas(ports, scenario, plan),
    wallStart: 0,
  };
}

/** The id of the participant at place 1 … n: `p01`, `p02`, … */
export function participantIdAt(scenario: Scenario, place: number): string {
  return `p${String(place).padStart(String(scenario.participants).length, '0')}`;
}

function seatOf(crypto: CryptoPort, scenario: Scenario, place: number): Seat {
  const participantId = participantIdAt(scenario, place);
  const draws = seededRandom(crypto, scenario.seed, `seat/${participantId}`);
  const { min, max } = scenario.trainMillis;
  return {
    participantId,
    organization: `organization of ${participantId}`,
    signer: signerOf(crypto, scenario.seed, participantId),
    trainMillis: min + drawUnit(draws) * Math.max(0, max - min),
    examples: examplesMin + Math.floor(drawUnit(draws) * (examplesMax - examplesMin)),
  };
}

function signerOf(crypto: CryptoPort, seed: number, who: string): Signer {
  const secret = seededRandom(crypto, seed, `identity/${who}`).bytes(32);
  return { publicKey: crypto.ed25519PublicKey(secret), sign: (message) => crypto.ed25519Sign(message, secret) };
}

function planOf(crypto: CryptoPort, scenario: Scenario): Plan {
  const tensors = [{ name: 'weights', shape: [scenario.parameters] }];
  const digest = (what: string) => toBase64url(crypto.sha256(utf8Encode(`concordat/sim/${what}`)));
  return completePlan({
    consortium: 'simulated',
    run: scenario.name,
    purpose: `Simulation of scenario ${scenario.name}`,
    task: {
      model: { topologyDigest: digest('topology'), weightsDigest: digest('weights'), tensors },
      loss: 'none',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 32,
      epochs: 1,
      dataSchemaDigest: digest('data'),
    },
    rounds: scenario.rounds,
    cohort: { ...scenario.cohort, overSelection: scenario.cohort.overSelection ?? 1 },
    mode: scenario.mode,
    reportingGoal: scenario.reportingGoal,
    minSurvivors: scenario.minSurvivors,
    maxColluders: scenario.maxColluders,
    deadlines: { ...scenario.deadlines, leaseBytesPerSecond: scenario.link.uploadBytesPerSecond },
    onShortfall: scenario.retries === 0 ? { action: 'abort' } : { action: 'retry', times: scenario.retries },
    weighting: scenario.weighting,
    maxWeight: examplesMax,
    clippingNorm: scenario.clippingNorm,
    metrics: scenario.metrics ? [{ name: 'accuracy', kind: 'rate', max: 1 }] : [],
    lanes: { bits: scenario.bits, quantBits: scenario.quantBits },
    ...(scenario.rotation === undefined ? {} : { rotation: scenario.rotation }),
    expires: '2100-01-01T00:00:00Z',
    aggregateCheck: 'off',
    transcriptRetention: 0,
  });
}
