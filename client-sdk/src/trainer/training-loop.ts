import { FederatedError, type NamedTensor, refusal } from '@concordat/core';
import type { Tensor } from '@tensorflow/tfjs';
import { type DataSet, sizeOf } from '../data/data-set.js';
import { seededOrder } from '../data/seeded-order.js';
import { gatherInputs, gatherTargets, requireFit } from './batches.js';
import type { LoadedModel } from './layers-model.js';
import { lossOf, optimizerOf } from './objective.js';
import type { Tf } from './tf.js';
import type { FitProgress, TrainingTask } from './trainer.js';

/** Batches between two reports of progress. */
const reportEvery = 20;

export interface TrainingLoop {
  readonly tf: Tf;
  readonly model: LoadedModel;
  readonly weights: readonly NamedTensor[];
  readonly dataSet: DataSet;
  /** Examples to train on. */
  readonly training: Uint32Array;
  readonly task: TrainingTask;
  /** Fixes the order of the examples. */
  readonly seed: string;
  /** Asked before every batch. */
  readonly stopped: () => boolean;
  readonly onProgress: (progress: FitProgress) => void;
}

/**
 * Mini-batch training over own shuffled batches; synchronous, so it runs in a worker.
 *
 * The order is drawn anew for each pass from `seed`, and nothing else is random: the same engine on the same kind of
 * processor gives the same bytes.
 *
 * @returns trained weights, new arrays; undefined when it was stopped.
 * @throws `refused` when model, data or task do not fit, and `update.finite` when a weight is not finite afterwards.
 */
export function trainLocally(loop: TrainingLoop): NamedTensor[] | undefined {
  const { tf, model, task, training } = loop;
  const shape = { inputSize: sizeOf(model.inputShape), outputSize: sizeOf(model.outputShape) };
  requireFit(loop.dataSet, shape);
  const batchesPerPass = Math.ceil(training.length / requireBatchSize(task.batchSize));
  const steps = task.steps ?? (task.epochs ?? 0) * batchesPerPass;
  if (!Number.isInteger(steps) || steps < 1) {
    throw refusal('task.epochs', 'a task trains for at least one step', { required: '≥ 1', offered: steps });
  }
  model.assign(loop.weights);
  const optimizer = optimizerOf(tf, task.optimizer);
  const loss = lossOf(task.loss);
  let order = training;
  try {
    for (let step = 0; step < steps; step++) {
      if (loop.stopped()) return undefined;
      const batch = step % batchesPerPass;
      if (batch === 0) order = shuffled(training, `train/${loop.seed}/${step / batchesPerPass}`);
      const indices = order.subarray(batch * task.batchSize, (batch + 1) * task.batchSize);
      tf.tidy(() => {
        const inputs = tf.tensor(gatherInputs(loop.dataSet, indices, shape.inputSize), [
          indices.length,
          ...model.inputShape,
        ]);
        const truth = tf.tensor(gatherTargets(loop.dataSet, indices, shape.outputSize), [
          indices.length,
          ...model.outputShape,
        ]);
        optimizer.minimize(
          () => loss(tf, truth, model.network.apply(inputs, { training: true }) as Tensor).asScalar(),
          false,
          [...model.trainable],
        );
      });
      if (step % reportEvery === 0) loop.onProgress({ step, steps });
    }
  } finally {
    optimizer.dispose();
  }
  return requireFinite(model.read(loop.weights));
}

function shuffled(examples: Uint32Array, seed: string): Uint32Array {
  return seededOrder(examples.length, seed).map((position) => examples[position]!);
}

function requireBatchSize(batchSize: number): number {
  if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
  throw refusal('task.batchSize', 'a batch has at least one example', { required: '≥ 1', offered: batchSize });
}

function requireFinite(weights: NamedTensor[]): NamedTensor[] {
  for (const { name, values } of weights) {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index < 0) continue;
    throw new FederatedError('refused', `training gave ${values[index]} at ${name}[${index}]`, {
      detail: { rule: 'update.finite', required: 'finite', offered: String(values[index]), tensor: name, index },
      fix: 'Lower the learning rate or check the records; a diverged model is never sent.',
    });
  }
  return weights;
}
