import type { Tensor } from '@tensorflow/tfjs';
import { lossOf, optimizerOf } from './objective.js';
import type { Tf } from './tf.js';
import type { EngineDescription } from './trainer.js';
import type { Training, TrainingStart } from './training.js';

/**
 * Training by tfjs's own gradients, on whatever backend it has.
 *
 * @throws `refused` when weights and model do not fit, or for a loss or optimizer that is not known.
 */
export function beginTfjsTraining(tf: Tf, description: EngineDescription, start: TrainingStart): Training {
  const { model, weights, task } = start;
  model.assign(weights);
  const optimizer = optimizerOf(tf, task.optimizer);
  const loss = lossOf(task.loss);
  return {
    description,
    async step({ examples, inputs, targets }) {
      tf.tidy(() => {
        const x = tf.tensor(inputs, [examples, ...model.inputShape]);
        const truth = tf.tensor(targets, [examples, ...model.outputShape]);
        optimizer.minimize(
          () => loss(tf, truth, model.network.apply(x, { training: true }) as Tensor).asScalar(),
          false,
          [...model.trainable],
        );
      });
    },
    weights: () => model.read(weights),
    dispose: () => optimizer.dispose(),
  };
}
