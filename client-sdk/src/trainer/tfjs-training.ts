import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { lossOf, optimizerOf } from './objective.js';
import type { Tf } from './tf.js';
import type { EngineDescription } from './trainer.js';
import type { Training, TrainingStart } from './training.js';
import { computing } from './untrainable.js';

/**
 * Training by tfjs's own gradients, on whatever backend it has.
 *
 * @throws `refused` when weights and model do not fit, or for a loss or optimizer that is not known; its steps `refused` `model.trainable`.
 */
export function beginTfjsTraining(tf: Tf, description: EngineDescription, start: TrainingStart): Training {
  const { model, weights, task, seed } = start;
  model.assign(weights);
  const optimizer = optimizerOf(tf, task.optimizer);
  const loss = lossOf(task.loss);
  let step = 0;
  return {
    description,
    async step({ examples, inputs, targets }) {
      const minimize = (): number => {
        const x = tf.tensor(inputs, [examples, ...model.inputShape]);
        const truth = tf.tensor(targets, [examples, ...model.outputShape]);
        const predict = (): Tensor => model.network.apply(x, { training: true }) as Tensor;
        const wanted = optimizer.minimize(() => loss(tf, truth, predict()).asScalar(), true, [...model.trainable]);
        return (wanted as Scalar).dataSync()[0]!;
      };
      return model.noise.during({ seed, step: step++ }, () => tf.tidy(() => computing(minimize)));
    },
    weights: () => model.read(weights),
    dispose: () => optimizer.dispose(),
  };
}
