import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { KeyStore } from '@concordat/client-sdk';
import { encodeRecord } from '@concordat/coordinator';
import {
  decodeSafetensors,
  encodeEvaluation,
  encodePlan,
  encodeSafetensors,
  encodeUpdate,
  fedAvg,
  flattenTensors,
  type Plan,
  plainKernels,
  rosterView,
  type Signer,
  splitTensors,
  toHex,
} from '@concordat/core';
import { nodeCrypto, readIdentityFile } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import {
  checkScenario,
  type DropStep,
  type Engine,
  type Scenario,
  seededRandom,
  simulateWorld,
  VirtualTime,
} from '@concordat/sim';
import { deltaOf } from '../../support/delta-of.js';
import { firstModel, linearEngine, planOf } from './plan.js';
import type { StageScenario } from './scenario.js';
import { wallStart } from './virtual-clock.js';

/** What a run in virtual time left behind. */
export interface Simulated {
  readonly outcome: string;
  /** As of the real runners. */
  readonly sums: Readonly<Record<string, string>>;
  readonly modelHash: string;
  /** The coordinator's records as it would have written them. */
  readonly records: readonly Uint8Array[];
}

/**
 * Play a scenario with the machines alone: no transport, no runner, no disk. Lines do not break here; who is killed leaves the round.
 *
 * @param directory of a founded consortium: the same identities, roster and plan as of the real parties. It is only read.
 */
export async function simulateScenario(scenario: StageScenario, directory: string): Promise<Simulated> {
  const places = [...scenario.participants].sort();
  const stores = new Map<string, KeyStore>();
  for (const id of places) stores.set(id, await KeyStore.open(join(directory, id), { wallMillis: () => wallStart }));
  const signers = new Map<string, Signer>();
  for (const id of places) signers.set(id, await readIdentityFile(join(directory, id, 'identity.key')));
  // Who enrolled last holds the latest roster.
  const { roster, hash: rosterHash } = stores.get(scenario.participants.at(-1)!)!.roster;
  const plan = planOf(scenario);
  const machines = scenarioOfMachines(scenario, plan, places);
  const models = new Map<string, Uint8Array>();
  const published = { hash: keep(models, encodeSafetensors(firstModel(scenario))) };
  const opened = new Map<number, readonly Buffer[]>();
  const records: Uint8Array[] = [];
  const result = simulateWorld(
    {
      scenario: machines,
      crypto: nodeCrypto,
      codec: sessionCodec,
      kernels: plainKernels,
      time: new VirtualTime(),
      plan,
      planHash: nodeCrypto.sha256(encodePlan(plan)),
      rosterHash,
      roster: rosterView(roster, wallStart),
      seats: places.map((participantId, i) => ({
        place: i + 1,
        participantId,
        organization: `${participantId} research`,
        signer: signers.get(participantId)!,
        trainMillis: 0,
        examples: linearEngine(scenario, participantId).examples,
      })),
      coordinator: await readIdentityFile(join(directory, 'consortium/coordinator/coordinator-key.pem')),
      random: seededRandom(nodeCrypto, scenario.seed, 'coordinator/0'),
      engine: engineOf(scenario, plan, models, published),
      wallStart,
    },
    {
      onSum: (round, _group, sum) => {
        const hashes = opened.get(round) ?? [];
        opened.set(round, [...hashes, createHash('sha256').update(sum).digest()]);
      },
      onRecord: (record) => records.push(encodeRecord(record)),
    },
  );
  const sums = Object.fromEntries([...opened].map(([round, hashes]) => [`round ${round}`, hashOf(hashes)]));
  const outcome = `${result.outcome}${result.reason === '' ? '' : `: ${result.reason}`}`;
  return { outcome, sums, modelHash: toHex(published.hash), records };
}

/** Nothing takes time here, as on a stage whose clock stands still. */
function scenarioOfMachines(scenario: StageScenario, plan: Plan, places: readonly string[]): Scenario {
  const { onShortfall } = scenario;
  const checked = checkScenario({
    name: scenario.name,
    seed: scenario.seed,
    participants: places.length,
    rounds: plan.rounds,
    cohort: scenario.cohort,
    reportingGoal: scenario.cohort.min,
    maxColluders: scenario.maxColluders,
    parameters: firstModel(scenario).reduce((sum, { values }) => sum + values.length, 0),
    deadlines: scenario.deadlines,
    retries: onShortfall.action === 'retry' ? onShortfall.times : 0,
    drops: scenario.events
      .filter(({ do: what }) => what === 'kill')
      .map(({ participant, round, message }) => ({
        round,
        participant: places.indexOf(participant) + 1,
        step: message as DropStep,
      })),
  });
  return { ...checked, link: { latencyMillis: 0, uploadBytesPerSecond: Number.POSITIVE_INFINITY } };
}

function engineOf(
  scenario: StageScenario,
  plan: Plan,
  models: Map<string, Uint8Array>,
  published: { hash: Uint8Array },
): Engine {
  const shapes = plan.task.model.tensors;
  const streams = new Map<string, ReturnType<typeof seededRandom>>();
  const stream = (purpose: string) => {
    const known = streams.get(purpose) ?? seededRandom(nodeCrypto, scenario.seed, purpose);
    streams.set(purpose, known);
    return known;
  };
  const weightsOf = (hash: Uint8Array) => flattenTensors(decodeSafetensors(models.get(toHex(hash))!), shapes);
  return {
    root({ participantId }) {
      const random = stream(`${participantId}#0/session-root`);
      const root = random.bytes(32);
      // The nonce under which a real client seals it.
      random.bytes(24);
      return root;
    },
    update({ participantId, examples }, { kind, baseModelHash, metrics }) {
      const engine = linearEngine(scenario, participantId);
      const initial = weightsOf(baseModelHash);
      const tensors = splitTensors(initial, shapes);
      const measured = metrics ? { accuracy: engine.accuracy(tensors) } : undefined;
      if (kind === 'evaluate') return encodeEvaluation(plan, measured);
      const trained = flattenTensors(engine.fit(tensors, plan.task.optimizer.learningRate), shapes);
      return encodeUpdate({
        crypto: nodeCrypto,
        plan,
        baseModelHash,
        delta: deltaOf(initial, trained, shapes),
        examples,
        ...(measured === undefined ? {} : { metrics: measured }),
        random: stream(`${participantId}#0/rounding`),
      });
    },
    publish({ currentModelHash, mean }) {
      const base = weightsOf(currentModelHash);
      const { model } = fedAvg.apply(base, mean, fedAvg.init(base));
      published.hash = keep(models, encodeSafetensors(splitTensors(model, shapes)));
      return published.hash;
    },
  };
}

/** As the coordinator logs it: of several groups the hash of theirs. */
function hashOf(hashes: readonly Buffer[]): string {
  const [first] = hashes;
  const hash = hashes.length === 1 ? first! : createHash('sha256').update(Buffer.concat(hashes)).digest();
  return hash.toString('hex');
}

function keep(models: Map<string, Uint8Array>, bytes: Uint8Array): Uint8Array {
  const hash = nodeCrypto.sha256(bytes);
  models.set(toHex(hash), bytes);
  return hash;
}
