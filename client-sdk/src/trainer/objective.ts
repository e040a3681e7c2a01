import { refusal } from '@concordat/core';
import type { Optimizer, Tensor } from '@tensorflow/tfjs';
import type { Tf } from './tf.js';
import type { TrainingTask } from './trainer.js';

type Loss = (tf: Tf, truth: Tensor, predicted: Tensor) => Tensor;

// tfjs calls them metrics, but these are the very functions that its models are compiled with; [batch] each.
const losses: Readonly<Record<string, Loss>> = {
  categoricalCrossentropy: (tf, truth, predicted) => tf.metrics.categoricalCrossentropy(truth, predicted),
  // Class numbers are made one-hot before, so the two differ in what a plan says of its data only.
  sparseCategoricalCrossentropy: (tf, truth, predicted) => tf.metrics.categoricalCrossentropy(truth, predicted),
  binaryCrossentropy: (tf, truth, predicted) => tf.metrics.binaryCrossentropy(truth, predicted),
  meanSquaredError: (tf, truth, predicted) => tf.metrics.meanSquaredError(truth, predicted),
};

const optimizers: Readonly<Record<string, (tf: Tf, learningRate: number) => Optimizer>> = {
  sgd: (tf, learningRate) => tf.train.sgd(learningRate),
  momentum: (tf, learningRate) => tf.train.momentum(learningRate, 0.9),
  adam: (tf, learningRate) => tf.train.adam(learningRate),
};

/** Losses and optimizers that a plan may name. */
export const lossNames: readonly string[] = Object.keys(losses);
export const optimizerNames: readonly string[] = Object.keys(optimizers);

/**
 * The mean loss of a batch as a scalar.
 *
 * @throws `refused` `task.loss` for a name this trainer does not know.
 */
export function lossOf(name: string): (tf: Tf, truth: Tensor, predicted: Tensor) => Tensor {
  const loss = Object.hasOwn(losses, name) ? losses[name] : undefined;
  if (loss === undefined) throw unknownName('task.loss', lossNames, name);
  return (tf, truth, predicted) => loss(tf, truth, predicted).mean();
}

/**
 * A fresh optimizer; its state never outlives one local training. The caller disposes it.
 *
 * @throws `refused` `task.optimizer` for a name this trainer does not know or a rate that is not finite and > 0.
 */
export function optimizerOf(tf: Tf, optimizer: TrainingTask['optimizer']): Optimizer {
  return makerOf(optimizer)(tf, optimizer.learningRate);
}

/** @throws as {@link lossOf} and {@link optimizerOf}, whatever engine is to train. */
export function requireObjective({ loss, optimizer }: Pick<TrainingTask, 'loss' | 'optimizer'>): void {
  lossOf(loss);
  makerOf(optimizer);
}

function makerOf({ name, learningRate }: TrainingTask['optimizer']): (tf: Tf, learningRate: number) => Optimizer {
  const make = Object.hasOwn(optimizers, name) ? optimizers[name] : undefined;
  if (make === undefined) throw unknownName('task.optimizer', optimizerNames, name);
  if (!(Number.isFinite(learningRate) && learningRate > 0)) {
    throw refusal('task.optimizer.learningRate', 'the learning rate is not a finite number above 0', {
      required: '> 0',
      offered: String(learningRate),
    });
  }
  return make;
}

function unknownName(rule: 'task.loss' | 'task.optimizer', known: readonly string[], offered: string): Error {
  return refusal(rule, `this trainer does not know ${rule.slice(5)} ${JSON.stringify(offered.slice(0, 80))}`, {
    required: known.join(' | '),
    offered: offered.slice(0, 80),
    fix: 'Propose a plan with one of the names listed.',
  });
}
