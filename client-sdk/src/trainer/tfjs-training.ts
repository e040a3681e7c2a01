import type { Tensor } from '@tensorflow/tfjs';
import { lossOf, optimizerOf } from './objective.js';
import type { Tf } from './tf.js';
import { TfjsCorrections } from './tfjs-corrections.js';
import type { EngineDescription } from './trainer.js';
import type { Training, TrainingStart } from './training.js';
import { computing } from './untrainable.js';

/**
 * Training by tfjs's own gradients, on whatever backend it has.
 *
 * @throws `refused` when weights and model do not fit, or for a loss or optimizer that is not known; its steps `refused` `model.trainable`.
 */
export function beginTfjsTraining(tf: Tf, description: EngineDescription, start: TrainingStart): Training {
  const { model, weights, task, seed, rule = {} } = start;
  model.assign(weights);
  const optimizer = optimizerOf(tf, task.optimizer);
  const loss = lossOf(task.loss);
  /** Steps. */
  let taken = 0;
  const corrections = new TfjsCorrections(tf, weights, rule);
  const variables = model.trainable.map(({ variable }) => variable);
  return {
    description,
    stepsAtOnce: 1,
    async step({ steps, examples, inputs, targets }) {
      const minimize = (step: number): number => {
        const x = tf.tensor(partOf(inputs, step, steps), [examples, ...model.inputShape]);
        const truth = tf.tensor(partOf(targets, step, steps), [examples, ...model.outputShape]);
        const predict = (): Tensor => model.network.apply(x, { training: true }) as Tensor;
        const { value, grads } = optimizer.computeGradients(() => loss(tf, truth, predict()).asScalar(), variables);
        const corrected = model.trainable.map((one) => {
          const { name } = one.variable;
          return { name, tensor: corrections.apply(one, grads[name]!) };
        });
        optimizer.applyGradients(corrected);
        return value.dataSync()[0]!;
      };
      return Float32Array.from({ length: steps }, (_, step) => {
        const place = { seed, step: taken++ };
        return model.noise.during(place, () => tf.tidy(() => computing(() => minimize(step))));
      });
    },
    weights: () => model.read(weights),
    dispose() {
      optimizer.dispose();
      corrections.dispose();
    },
  };
}

/** One of as many parts of equal size. */
function partOf(values: Float32Array, part: number, parts: number): Float32Array {
  const size = values.length / parts;
  return values.subarray(part * size, (part + 1) * size);
}
