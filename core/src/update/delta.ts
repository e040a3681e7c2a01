import { FederatedError } from '../errors.js';
import type { TensorShape } from '../round/plan.js';
import { locate, requireParameters, type Weights } from './tensors.js';

/**
 * What local training changed.
 *
 * @param initial [d] float32, the model received. @param trained [d] float32.
 * @param shapes the plan's tensors, to name a bad value.
 * @returns a new [d]: trained − initial, finite.
 * @throws `refused` `model.parameters` for a wrong length, `update.finite` for NaN or an infinity, with tensor and index.
 */
export function deltaOf(initial: Weights, trained: Weights, shapes: readonly TensorShape[]): Float32Array<ArrayBuffer> {
  requireParameters(initial, shapes);
  requireParameters(trained, shapes);
  const delta = new Float32Array(trained.length);
  for (let i = 0; i < delta.length; i++) delta[i] = trained[i]! - initial[i]!;
  requireFinite(delta, shapes);
  return delta;
}

/** @throws `refused` `update.finite`, naming the first tensor and index that holds NaN or an infinity. */
export function requireFinite(delta: Float32Array, shapes: readonly TensorShape[]): void {
  for (let i = 0; i < delta.length; i++) {
    const value = delta[i]!;
    if (Number.isFinite(value)) continue;
    const place = locate(i, shapes);
    throw new FederatedError('refused', `the update holds ${value} at ${place.tensor}[${place.index}]`, {
      detail: {
        rule: 'update.finite',
        required: 'finite',
        offered: String(value),
        tensor: place.tensor,
        index: place.index,
      },
      fix: 'Lower the learning rate or check the records; a diverged model is never sent.',
    });
  }
}
