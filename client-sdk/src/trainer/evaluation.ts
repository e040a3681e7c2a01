import type { NamedTensor } from '@concordat/core';
import type { Tensor } from '@tensorflow/tfjs';
import { type DataSet, sizeOf } from '../data/data-set.js';
import { gatherInputs, gatherTargets, requireFit } from './batches.js';
import type { LoadedModel } from './layers-model.js';
import { lossOf } from './objective.js';
import type { Tf } from './tf.js';
import type { EvaluateResult } from './trainer.js';

/** Examples per batch: large enough to keep the kernels busy, small enough for a convolution's buffers. */
const batchSize = 500;

/**
 * Mean loss and, for class targets, the share of examples whose largest output is the right one.
 *
 * @param options.holdout examples to measure on; none gives no metrics.
 * @returns undefined when it was stopped.
 */
export function measure(options: {
  readonly tf: Tf;
  readonly model: LoadedModel;
  readonly weights: readonly NamedTensor[];
  readonly dataSet: DataSet;
  readonly holdout: Uint32Array;
  readonly loss: string;
  readonly stopped: () => boolean;
}): EvaluateResult | undefined {
  const { tf, model, dataSet, holdout } = options;
  const shape = { inputSize: sizeOf(model.inputShape), outputSize: sizeOf(model.outputShape) };
  requireFit(dataSet, shape);
  const loss = lossOf(options.loss);
  model.assign(options.weights);
  if (holdout.length === 0) return { metrics: {}, examples: 0 };
  let lossSum = 0;
  let right = 0;
  for (let at = 0; at < holdout.length; at += batchSize) {
    if (options.stopped()) return undefined;
    const indices = holdout.subarray(at, at + batchSize);
    tf.tidy(() => {
      const inputs = tf.tensor(gatherInputs(dataSet, indices, shape.inputSize), [indices.length, ...model.inputShape]);
      const truth = tf.tensor(gatherTargets(dataSet, indices, shape.outputSize), [
        indices.length,
        ...model.outputShape,
      ]);
      const predicted = model.network.apply(inputs, { training: false }) as Tensor;
      lossSum += loss(tf, truth, predicted).dataSync()[0]! * indices.length;
      right += countRight(dataSet, indices, predicted.dataSync() as Float32Array);
    });
  }
  const mean = lossSum / holdout.length;
  const accuracy = right / holdout.length;
  return {
    metrics: dataSet.targets.kind === 'classes' ? { loss: mean, accuracy } : { loss: mean },
    examples: holdout.length,
  };
}

function countRight(dataSet: DataSet, indices: Uint32Array, outputs: Float32Array): number {
  const { targets } = dataSet;
  if (targets.kind !== 'classes') return 0;
  const classes = outputs.length / indices.length;
  let right = 0;
  indices.forEach((index, row) => {
    let best = 0;
    for (let k = 1; k < classes; k++) if (outputs[row * classes + k]! > outputs[row * classes + best]!) best = k;
    if (best === targets.labels[index]) right++;
  });
  return right;
}
