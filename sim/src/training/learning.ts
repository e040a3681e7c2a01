import {
  encodeUpdate,
  FederatedError,
  fedAvg,
  flattenTensors,
  modelHash,
  type Plan,
  splitTensors,
  toHex,
  type Weights,
} from '@concordat/core';
import { Draws } from '../draws.js';
import { seededRandom } from '../seeded-random.js';
import type { Engine, Seat, World } from '../world.js';
import type { SimulatedTask } from './task.js';
import type { TrainingPool } from './training-pool.js';

/** Examples of the holdout that one job measures: the same pieces for every number of threads, so that sums are the same. */
const measuredAtOnce = 1_000;

export interface LearningOptions {
  readonly ports: Pick<World, 'crypto' | 'kernels'>;
  readonly seed: number;
  readonly plan: Plan;
  readonly task: SimulatedTask;
  readonly pool: TrainingPool;
}

/** The engine `training`: participants train a model on their examples, and what is published is the next model. */
export class Learning implements Engine {
  readonly #options: LearningOptions;
  /** By hash: the newest, and those that somebody still trains from. */
  readonly #models = new Map<string, Weights>();
  /** Participant → what it trained last. */
  readonly #trained = new Map<string, { readonly round: number; readonly place: number; readonly delta: Weights }>();

  constructor(options: LearningOptions) {
    this.#options = options;
    const { plan, task, ports } = options;
    const { tensors } = plan.task.model;
    const initial = flattenTensors(task.model.tensors, tensors);
    this.#models.set(toHex(modelHash(ports.crypto, splitTensors(initial, tensors))), initial);
  }

  root({ participantId }: Seat, round: number): Uint8Array {
    const { ports, seed } = this.#options;
    return seededRandom(ports.crypto, seed, `root/${round}/${participantId}`).bytes(32);
  }

  async train({ participantId, place }: Seat, order: { readonly round: number; readonly baseModelHash: Uint8Array }) {
    const { task, pool, seed, plan } = this.#options;
    const base = this.#model(order.baseModelHash);
    const relabel = task.adversaryAt(place)?.relabel?.(task.classes);
    const { loss, optimizer, batchSize, epochs, steps } = plan.task;
    const { weights } = await pool.run({
      type: 'train',
      weights: base,
      examples: task.examplesOf(place),
      ...(relabel === undefined ? {} : { relabel }),
      task: {
        loss,
        optimizer,
        batchSize,
        ...(epochs === undefined ? {} : { epochs }),
        ...(steps === undefined ? {} : { steps }),
      },
      ...(task.terms.proximal === undefined ? {} : { rule: { proximal: task.terms.proximal } }),
      seed: `${seed}/${order.round}/${participantId}`,
    });
    for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! - base[i]!;
    return () => void this.#trained.set(participantId, { round: order.round, place, delta: weights });
  }

  update(seat: Seat, { round, baseModelHash }: Parameters<Engine['update']>[1]): readonly Int32Array[] {
    const { ports, plan, seed } = this.#options;
    const delta = this.#contributed(seat, round);
    return encodeUpdate({
      ...ports,
      plan,
      baseModelHash,
      delta,
      examples: seat.examples,
      random: seededRandom(ports.crypto, seed, `rounding/${round}/${seat.participantId}`),
      isSpent: true,
    });
  }

  /** What was trained, or what an adversary makes of it. Where there are some it is kept until the next training: they collude. */
  #contributed({ participantId, place }: Seat, round: number): Float32Array {
    const { ports, seed, task } = this.#options;
    const trained = this.#trained.get(participantId);
    if (trained?.round !== round) {
      throw new FederatedError('internal', `${participantId} has not trained in round ${round}`);
    }
    if (task.terms.adversaries === undefined) this.#trained.delete(participantId);
    const own = task.terms.adversaries === undefined ? trained.delta : trained.delta.slice();
    const adversary = task.adversaryAt(place);
    if (adversary?.delta === undefined) return own;
    const cohort = [...this.#trained.values()].filter((other) => other.round === round);
    const colluding = cohort.filter((other) => task.adversaryAt(other.place) !== undefined);
    return adversary.delta({
      own,
      colluding: colluding.sort((a, b) => a.place - b.place).map(({ delta }) => delta),
      participants: cohort.length,
      draws: new Draws(seededRandom(ports.crypto, seed, `attack/${round}/${participantId}`)),
    });
  }

  publish({ currentModelHash, mean }: Parameters<Engine['publish']>[0]): Uint8Array {
    const { tensors } = this.#options.plan.task.model;
    const { model } = fedAvg.apply(this.#model(currentModelHash), mean, undefined);
    const hash = modelHash(this.#options.ports.crypto, splitTensors(model, tensors));
    this.#models.set(toHex(hash), model);
    const kept = this.#options.plan.mode === 'sync' ? 1 : 1 + this.#options.plan.mode.async.maxStaleness;
    for (const old of [...this.#models.keys()].slice(0, -kept)) this.#models.delete(old);
    return hash;
  }

  async measure(hash: Uint8Array): Promise<Readonly<Record<string, number>>> {
    const { pool, task, plan } = this.#options;
    const weights = this.#model(hash);
    const { examples: count } = task.holdout;
    const starts = Array.from({ length: Math.ceil(count / measuredAtOnce) }, (_, i) => i * measuredAtOnce);
    const measured = await Promise.all(
      starts.map(async (from) => {
        const examples = Uint32Array.from({ length: Math.min(measuredAtOnce, count - from) }, (_, i) => from + i);
        const { metrics } = await pool.run({ type: 'measure', weights, examples, loss: plan.task.loss });
        return { metrics, examples: examples.length };
      }),
    );
    const names = Object.keys(measured[0]?.metrics ?? {});
    return Object.fromEntries(
      names.map((name) => [
        name,
        measured.reduce((sum, { metrics, examples }) => sum + examples * metrics[name]!, 0) / count,
      ]),
    );
  }

  #model(hash: Uint8Array): Weights {
    const model = this.#models.get(toHex(hash));
    if (model === undefined) throw new FederatedError('internal', `model ${toHex(hash)} is not kept any more`);
    return model;
  }
}
