import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ApprovedRun,
  bounds,
  decodeSafetensors,
  deltaSteps,
  encodeEvaluation,
  exampleCountBucket,
  FederatedError,
  flattenTensors,
  fromBase64url,
  type MetricValues,
  type Plan,
  parameterCount,
  refusal,
  splitTensors,
  type Weights,
} from '@concordat/core';
import { parseTopology } from '../trainer/evaluator.js';
import type { EngineDescription, FitProgress, Trainer } from '../trainer/trainer.js';
import type { Connection } from '../transport/connection.js';
import { encodeDelta, type MaskingPorts } from './masking.js';

/** A topology is layers and their settings; the largest in use are some hundred kilobytes. */
const topologyBytesMax = 4 * 1024 * 1024;

/** Values between two turns of the event loop: less than a millisecond. */
const lanesPerTurn = 131_072;

/** What local training gave. Nothing of it leaves unmasked. */
export interface TrainingResult {
  readonly examples: number;
  /** Of the model received, on the local holdout. */
  readonly metrics: MetricValues;
}

export interface LocalTrainingOptions {
  readonly connection: Pick<Connection, 'getBlob'>;
  readonly trainer: Trainer;
  readonly masking: MaskingPorts;
  /** Policy: own examples below which nothing is contributed. */
  readonly examplesMin: number;
}

/** Trains a participant's update, or measures a model, and holds the result, in memory only, until it is masked or discarded. */
export class LocalTraining {
  readonly #options: LocalTrainingOptions;
  #delta: { readonly values: Float32Array<ArrayBuffer>; readonly result: TrainingResult } | undefined;
  #measured: MetricValues | undefined;
  #lanes: readonly Int32Array[] | undefined;
  /** How often everything was forgotten: what was encoded meanwhile is of no use. */
  #discards = 0;
  #topology: { readonly digest: string; readonly model: object } | undefined;

  constructor(options: LocalTrainingOptions) {
    this.#options = options;
  }

  /** What trained last, or is to train first. */
  get engine(): EngineDescription {
    return this.#options.trainer.describe();
  }

  /**
   * Fetch the model, verify it, measure it, train from it, keep the delta.
   *
   * @throws `verification` for other bytes than asked for; `refused` `model.…` for another shape than the plan's,
   *   `update.finite` when training diverged, `examples.min` or `data.examples` when there are too few records; the signal's reason.
   */
  async train(
    run: Pick<ApprovedRun, 'runId' | 'plan'>,
    assignment: { readonly round: number; readonly baseModelHash: Uint8Array },
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: FitProgress) => void },
  ): Promise<TrainingResult> {
    this.discard();
    const { trainer, examplesMin } = this.#options;
    const { task, metrics: planned } = run.plan;
    const { signal, onProgress } = options;
    const model = await this.#fetchTopology(task.model.topologyDigest, signal);
    const initial = await this.#fetchWeights(run, assignment.baseModelHash, signal);
    const weights = splitTensors(initial, task.model.tensors);
    const measured =
      planned.length === 0 ? undefined : await trainer.evaluate({ model, weights, loss: task.loss, signal });
    const { round } = assignment;
    const { readyMillis: deadlineMillis } = run.plan.deadlines;
    const seed = run.runId;
    const trained = await trainer.fit({ model, weights, task, round, seed, deadlineMillis, signal, onProgress });
    if (trained.examples < examplesMin) {
      throw refusal('examples.min', 'fewer examples than the policy asks for', {
        required: examplesMin,
        offered: trained.examples,
        fix: 'Bring more records, or lower examples.min in policy.yaml.',
      });
    }
    if (trained.examples < (task.examplesMin ?? 1)) {
      throw refusal('data.examples', 'fewer examples than the plan asks for', {
        required: task.examplesMin ?? 1,
        offered: exampleCountBucket(trained.examples),
      });
    }
    const values = await inTurns(deltaSteps(own(initial), trained.weights, task.model.tensors, lanesPerTurn));
    const result = { examples: trained.examples, metrics: measured?.metrics ?? {} };
    this.#delta = { values, result };
    return result;
  }

  /**
   * Fetch the model, verify it, measure it; nothing is trained.
   *
   * @returns no metrics without a holdout. @throws as {@link train}, but for `update.finite` and `examples.min`.
   */
  async measure(
    { plan }: ApprovedRun,
    baseModelHash: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): Promise<MetricValues> {
    this.discard();
    const { task } = plan;
    const { signal } = options;
    const model = await this.#fetchTopology(task.model.topologyDigest, signal);
    const weights = splitTensors(await this.#fetchWeights({ plan }, baseModelHash, signal), task.model.tensors);
    const { metrics } = await this.#options.trainer.evaluate({ model, weights, loss: task.loss, signal });
    this.#measured = metrics;
    return metrics;
  }

  /** Encode what was measured as lanes; zeros where `metrics` is false, or nothing could be measured. */
  prepareMetrics({ plan }: ApprovedRun, metrics: boolean): void {
    const measured = this.#measured;
    if (measured === undefined) throw new FederatedError('internal', 'there are no metrics to prepare');
    this.#lanes = encodeEvaluation(plan, metrics && isMeasured(plan, measured) ? measured : undefined);
    this.#measured = undefined;
  }

  /**
   * Encode the delta as lanes; it is forgotten.
   *
   * @param order.baseModelHash of the model it was trained from.
   * @param order.metrics whether the metric lanes are filled; without a holdout there is nothing to fill them with.
   * @throws `protocol` when the update was discarded meanwhile.
   */
  async prepare(
    { plan }: Pick<ApprovedRun, 'plan'>,
    order: { readonly baseModelHash: Uint8Array; readonly metrics: boolean },
  ): Promise<void> {
    const held = this.#delta;
    if (held === undefined) throw new FederatedError('internal', 'there is no update to prepare');
    this.#delta = undefined;
    const discards = this.#discards;
    const measured = isMeasured(plan, held.result.metrics);
    const lanes = await encodeDelta(this.#options.masking, {
      plan,
      baseModelHash: order.baseModelHash,
      delta: held.values,
      examples: held.result.examples,
      ...(order.metrics && measured ? { metrics: held.result.metrics } : {}),
    });
    if (discards === this.#discards) this.#lanes = lanes;
    else {
      for (const one of lanes) one.fill(0);
      throw new FederatedError('protocol', 'the update is of no use any more');
    }
  }

  /** The encoded lanes, still held. */
  lanes(): readonly Int32Array[] {
    if (this.#lanes === undefined) throw new FederatedError('internal', 'there is no update to mask');
    return this.#lanes;
  }

  /** Forget delta and lanes. */
  discard(): void {
    this.#discards++;
    this.#delta?.values.fill(0);
    for (const lanes of this.#lanes ?? []) lanes.fill(0);
    this.#delta = undefined;
    this.#measured = undefined;
    this.#lanes = undefined;
  }

  async #fetchTopology(digest: string, signal: AbortSignal): Promise<object> {
    if (this.#topology?.digest === digest) return this.#topology.model;
    const { connection } = this.#options;
    const bytes = await connection.getBlob(fromBase64url(digest), { maxBytes: topologyBytesMax, signal });
    const model = parseTopology(bytes);
    this.#topology = { digest, model };
    return model;
  }

  async #fetchWeights({ plan }: Pick<ApprovedRun, 'plan'>, hash: Uint8Array, signal: AbortSignal): Promise<Weights> {
    const { tensors } = plan.task.model;
    const maxBytes = 8 + bounds.safetensorsHeaderBytesMax + 4 * parameterCount(tensors);
    const bytes = await this.#options.connection.getBlob(hash, { maxBytes, signal });
    return flattenTensors(decodeSafetensors(bytes), tensors);
  }
}

/** Nobody shares what came as a blob for this round. */
function own(weights: Weights): Float32Array<ArrayBuffer> {
  return weights.buffer instanceof ArrayBuffer ? (weights as Float32Array<ArrayBuffer>) : new Float32Array(weights);
}

async function inTurns<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

function isMeasured(plan: Plan, metrics: MetricValues): boolean {
  return plan.metrics.every(({ name }) => Number.isFinite(metrics[name]));
}
