import type { NamedTensor } from '@concordat/core';
import type { Tensor } from '@tensorflow/tfjs';
import type { DataSet } from '../data/data-set.js';
import type { Examples } from '../data/examples.js';
import { batchShapeOf, gatherInputs, gatherTargets, requireFit } from './batches.js';
import type { LoadedModel } from './layers-model.js';
import { lossOf } from './objective.js';
import type { Tf } from './tf.js';
import type { EvaluateResult } from './trainer.js';
import { computing } from './untrainable.js';

/** Examples per batch: large enough to keep the kernels busy, small enough for a convolution's buffers. */
const batchSize = 500;

/**
 * Mean loss and, for class targets, the share of examples whose largest output is the right one.
 *
 * @param options.examples measured on their holdout; an empty one gives no metrics.
 * @returns undefined when it was stopped.
 * @throws `refused` when model, data or loss do not fit, and `model.trainable` when tfjs cannot compute the model.
 */
export async function measure(options: {
  readonly tf: Tf;
  readonly model: LoadedModel;
  readonly weights: readonly NamedTensor[];
  readonly examples: Examples;
  readonly loss: string;
  readonly stopped: () => boolean;
}): Promise<EvaluateResult | undefined> {
  const { tf, model, examples } = options;
  const shape = batchShapeOf(model);
  const loss = lossOf(options.loss);
  model.assign(options.weights);
  const { holdout: count } = examples.counts;
  let lossSum = 0;
  let right = 0;
  for await (const { dataSet, members } of examples.blocks('holdout', batchSize)) {
    requireFit(dataSet, shape);
    for (let at = 0; at < members.length; at += batchSize) {
      if (options.stopped()) return undefined;
      const indices = members.subarray(at, at + batchSize);
      tf.tidy(() => {
        const inputs = tf.tensor(gatherInputs(dataSet, indices, shape.inputSize), [
          indices.length,
          ...model.inputShape,
        ]);
        const truth = tf.tensor(gatherTargets(dataSet, indices, shape.outputSize), [
          indices.length,
          ...model.outputShape,
        ]);
        const predict = (): Tensor => model.network.apply(inputs, { training: false }) as Tensor;
        const predicted = computing(predict);
        lossSum += loss(tf, truth, predicted).dataSync()[0]! * indices.length;
        right += countRight(dataSet, indices, predicted.dataSync() as Float32Array);
      });
    }
  }
  if (count === 0) return { metrics: {}, examples: 0 };
  const mean = lossSum / count;
  return {
    metrics: examples.targets === 'classes' ? { loss: mean, accuracy: right / count } : { loss: mean },
    examples: count,
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
