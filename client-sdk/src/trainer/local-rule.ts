import { type FederatedError, type NamedTensor, refusal } from '@concordat/core';
import type { LoadedModel } from './layers-model.js';

/**
 * What is added to the gradient of each trained weight w in every step, before the optimizer sees it: μ · (w − w₀) + shift, where w₀ is
 * what the training began with.
 *
 * FedProx is μ alone: the gradient of μ ∕ 2 · ‖w − w₀‖² (Li et al. 2020, arXiv:1812.06127, equation 2). SCAFFOLD is the shift c − cᵢ
 * (Karimireddy et al. 2020, arXiv:1910.06378, algorithm 1). FedDyn is both.
 */
export interface LocalRule {
  /** μ ≥ 0, finite; 0 unless said. */
  readonly proximal?: number;
  /** Every trained weight once, by name, in its shape, finite; zeros unless said. Left as they are. */
  readonly shift?: readonly NamedTensor[];
}

/** @throws `refused` `task.rule` unless the rule is one for this model. */
export function requireRule({ proximal = 0, shift }: LocalRule, { weights }: Pick<LoadedModel, 'weights'>): void {
  if (!(Number.isFinite(proximal) && proximal >= 0)) {
    throw unfit('the proximal term is not a finite number from 0 on', '≥ 0', String(proximal));
  }
  if (shift === undefined) return;
  const told = (tensors: readonly Pick<NamedTensor, 'name' | 'shape'>[]): string =>
    tensors
      .map(({ name, shape }) => `${name} [${shape}]`)
      .sort()
      .join(', ');
  const trained = told(weights.filter(({ trainable }) => trainable));
  if (told(shift) !== trained) {
    throw unfit('the shift is not one of the trained weights', trained.slice(0, 500), told(shift).slice(0, 500));
  }
  const endless = shift.find(({ values }) => !values.every(Number.isFinite));
  if (endless !== undefined) throw unfit(`the shift of ${endless.name} is not finite`, 'finite', 'NaN or infinity');
}

function unfit(message: string, required: string, offered: string): FederatedError {
  return refusal('task.rule', message, { required, offered });
}
