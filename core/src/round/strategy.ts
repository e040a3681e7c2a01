import { FederatedError } from '../errors.js';
import type { Weights } from '../update/tensors.js';

/** Turns one round's mean update into the next global model. The only part that varies between FedAvg, FedAdam, … */
export interface Strategy<State> {
  init(model: Weights): State;
  /** @returns a new model; neither `model` nor `mean` is changed. */
  apply(model: Weights, mean: Weights, state: State): { model: Weights; state: State };
}

/**
 * Federated averaging: the model plus the weighted mean of the deltas.
 *
 * @see McMahan et al. 2017 (arXiv:1602.05629), Algorithm 1, with the weights inside the mean.
 */
export const fedAvg: Strategy<undefined> = {
  init: () => undefined,
  apply(model, mean) {
    if (model.length !== mean.length) {
      throw new FederatedError('invalid-argument', 'model and mean have different lengths', {
        detail: { required: model.length, offered: mean.length },
      });
    }
    return { model: model.map((weight, i) => weight + mean[i]!), state: undefined };
  },
};
