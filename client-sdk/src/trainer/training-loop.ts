import { FederatedError, type NamedTensor, refusal } from '@concordat/core';
import type { DataSet } from '../data/data-set.js';
import type { Examples } from '../data/examples.js';
import { seededOrder } from '../data/seeded-order.js';
import { type BatchShape, batchShapeOf, gatherInputs, gatherTargets, requireFit } from './batches.js';
import type { Engine } from './engine.js';
import { requireFiniteWeights } from './finite-weights.js';
import type { LoadedModel } from './layers-model.js';
import { type LocalRule, requireRule } from './local-rule.js';
import { requireObjective } from './objective.js';
import type { EngineDescription, FitProgress, TrainingTask } from './trainer.js';
import { requireTrainable } from './untrainable.js';

/** Batches between two reports of progress. */
const reportEvery = 20;

/** One local training: what is trained, on which examples, and who is told how it goes. */
export interface TrainingLoop {
  readonly engine: Engine;
  readonly model: LoadedModel;
  readonly weights: readonly NamedTensor[];
  readonly examples: Examples;
  readonly task: TrainingTask;
  readonly rule?: LocalRule;
  /** Fixes the order of the examples, and what layers draw. */
  readonly seed: string;
  /** Asked before every call of the engine, which computes one step or a few. */
  readonly stopped: () => boolean;
  readonly onProgress: (progress: FitProgress) => void;
  /** Told before the first batch what trains this model. */
  readonly onEngine: (description: EngineDescription) => void;
}

/**
 * Mini-batch training over own shuffled batches, one after another without a pause, so it runs in a worker.
 *
 * The order is drawn anew for each pass from `seed`, within each block of examples that are in memory together, and so is what layers
 * draw in each step; nothing else is random: the same engine on the same kind of processor gives the same bytes.
 *
 * @returns trained weights, new arrays; undefined when it was stopped.
 * @throws `refused` when model, data or task do not fit, `training.loss` when the loss of a step is not finite, and `update.finite` when a
 *   weight is not finite afterwards; as `Examples.blocks`.
 */
export async function trainLocally(loop: TrainingLoop): Promise<NamedTensor[] | undefined> {
  const { model, task, examples } = loop;
  const shape = batchShapeOf(model);
  const batchesPerPass = Math.ceil(examples.counts.training / requireBatchSize(task.batchSize));
  const steps = batchesPerPass === 0 ? 0 : (task.steps ?? (task.epochs ?? 0) * batchesPerPass);
  if (!Number.isInteger(steps) || steps < 1) {
    throw refusal('task.epochs', 'a task trains for at least one step', { required: '≥ 1', offered: steps });
  }
  requireObjective(task);
  requireTrainable(model);
  const { rule } = loop;
  if (rule !== undefined) requireRule(rule, model);
  const start = { model, weights: loop.weights, task, seed: loop.seed, ...(rule === undefined ? {} : { rule }) };
  const training = await loop.engine.begin(start);
  loop.onEngine(training.description);
  let step = 0;
  const countMax = (): number => Math.min(training.stepsAtOnce, steps - step, stepsToReport(step));
  try {
    for await (const { dataSet, indices, count } of batchesOf(loop, shape, countMax)) {
      if (loop.stopped()) return undefined;
      const losses = await training.step({
        steps: count,
        examples: indices.length / count,
        inputs: gatherInputs(dataSet, indices, shape.inputSize),
        targets: gatherTargets(dataSet, indices, shape.outputSize),
      });
      for (const loss of losses) {
        requireFiniteLoss(loss, step);
        if (step % reportEvery === 0) loop.onProgress({ step, steps, metrics: { loss } });
        step++;
      }
      if (step === steps) break;
    }
    return requireFiniteWeights(training.weights());
  } finally {
    training.dispose();
  }
}

/** Steps from this one on up to the next that is reported, that one included. */
function stepsToReport(step: number): number {
  return 1 + ((reportEvery - (step % reportEvery)) % reportEvery);
}

/** Examples of `count` batches of one size. */
interface SomeBatches {
  readonly dataSet: DataSet;
  readonly indices: Uint32Array;
  readonly count: number;
}

/** Pass after pass without an end. @param countMax asked anew for each. */
async function* batchesOf(
  { examples, task, seed }: TrainingLoop,
  shape: BatchShape,
  countMax: () => number,
): AsyncGenerator<SomeBatches> {
  let fitting: DataSet | undefined;
  for (let pass = 0; ; pass++) {
    let block = 0;
    for await (const { dataSet, members } of examples.blocks('training', task.batchSize)) {
      if (dataSet !== fitting) requireFit(dataSet, shape);
      fitting = dataSet;
      // The first block has no number, so that one that holds everything is shuffled as it always was.
      const order = shuffled(members, `train/${seed}/${pass}${block === 0 ? '' : `/${block}`}`);
      block++;
      for (let at = 0; at < order.length; ) {
        const whole = Math.floor((order.length - at) / task.batchSize);
        const count = Math.max(1, Math.min(whole, countMax()));
        yield { dataSet, indices: order.subarray(at, at + count * task.batchSize), count };
        at += count * task.batchSize;
      }
    }
  }
}

function shuffled(examples: Uint32Array, seed: string): Uint32Array {
  return seededOrder(examples.length, seed).map((position) => examples[position]!);
}

function requireBatchSize(batchSize: number): number {
  if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
  throw refusal('task.batchSize', 'a batch has at least one example', { required: '≥ 1', offered: batchSize });
}

/** At once: every step after it would be in vain. */
function requireFiniteLoss(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new FederatedError('refused', `the loss of step ${step + 1} is ${loss}`, {
    detail: { rule: 'training.loss', required: 'finite', offered: String(loss), step: step + 1 },
  });
}
