import { type DataSet, denseNetwork, type LayersModel } from '@concordat/client-sdk';
import { type CryptoPort, FederatedError } from '@concordat/core';
import type { Adversary } from '../adversary/adversary.js';
import { adversaryOf } from '../adversary/attacks.js';
import { readMnist } from '../data/mnist.js';
import { Draws } from '../draws.js';
import { type Partition, partition, partitionerOf } from '../partition/partition.js';
import type { Scenario } from '../scenario.js';
import { seededRandom } from '../seeded-random.js';
import type { TrainTerms } from './train-terms.js';

/** What is trained in a simulation: a model, and whose the examples are. */
export interface SimulatedTask {
  readonly terms: TrainTerms;
  readonly model: LayersModel;
  readonly training: DataSet;
  readonly holdout: DataSet;
  /** @param place of a participant, 1 … n. @returns places in `training`. */
  examplesOf(place: number): Uint32Array;
  /** What a participant does instead of the task; undefined for those who do it. */
  adversaryAt(place: number): Adversary | undefined;
  readonly classes: number;
}

/**
 * Read the data of a scenario and deal it out: all of it follows from the seed.
 *
 * @throws `invalid-argument` when the data is not here, or cannot be dealt out so.
 */
export async function loadTask(crypto: CryptoPort, scenario: Scenario, terms: TrainTerms): Promise<SimulatedTask> {
  const { seed, participants } = scenario;
  const { training, holdout } = await readMnist();
  const dealt = dealOut(crypto, { training, terms, seed, participants }).map((own) => Uint32Array.from(own));
  const { targets, inputShape } = training;
  const classes = targets.kind === 'classes' ? 1 + largest(targets.labels) : 1;
  const model = denseNetwork({
    inputs: inputShape.reduce((size, side) => size * side, 1),
    hidden: terms.model.hidden,
    classes,
    seed: `sim/${seed}`,
  });
  const attackers = attackersOf(crypto, scenario, terms);
  return {
    terms,
    model,
    classes,
    training,
    holdout,
    examplesOf: (place) => dealt[place - 1]!,
    adversaryAt: (place) => attackers.get(place),
  };
}

/** By place: who follows from the seed, the share rounded to the nearest number of participants. */
function attackersOf(
  crypto: CryptoPort,
  { seed, participants }: Scenario,
  { adversaries }: TrainTerms,
): ReadonlyMap<number, Adversary> {
  if (adversaries === undefined) return new Map();
  const adversary = adversaryOf(adversaries.attack);
  const order = new Draws(seededRandom(crypto, seed, 'adversaries')).shuffled(Array(participants).keys());
  return new Map(order.slice(0, Math.round(adversaries.share * participants)).map((i) => [i + 1, adversary]));
}

interface Dealing {
  readonly training: DataSet;
  readonly terms: TrainTerms;
  readonly seed: number;
  readonly participants: number;
}

function dealOut(crypto: CryptoPort, { training, terms, seed, participants }: Dealing): Partition {
  const draws = (purpose: string) => new Draws(seededRandom(crypto, seed, purpose));
  const used = usedExamples(training, terms, draws('examples'));
  const { targets } = training;
  const labels = targets.kind === 'classes' ? { labels: used.map((index) => targets.labels[index]!) } : {};
  const examples = { count: used.length, ...labels };
  const dealt = partition(partitionerOf(terms.partition), { examples, participants, draws: draws('partition') });
  return dealt.map((own) => own.map((place) => used[place]!));
}

/** Which examples are dealt out, ascending. */
function usedExamples(training: DataSet, { examples }: TrainTerms, draws: Draws): readonly number[] {
  const all = [...Array(training.examples).keys()];
  if (examples === undefined) return all;
  if (examples > all.length) {
    throw new FederatedError('invalid-argument', `${examples} examples of ${all.length}`, {
      detail: { required: `1 to ${all.length}`, offered: examples },
      fix: 'Say fewer, or leave `train.examples` out to use all.',
    });
  }
  return draws
    .shuffled(all)
    .slice(0, examples)
    .sort((a, b) => a - b);
}

function largest(labels: Iterable<number>): number {
  let most = 0;
  for (const label of labels) most = Math.max(most, label);
  return most;
}
