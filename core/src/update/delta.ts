import { FederatedError } from '../errors.js';
import type { TensorShape } from '../round/plan.js';
import { locate, type NamedTensor, orderTensors, requireParameters } from './tensors.js';

/**
 * What local training changed, with a stop after every `lanesPerStep` values: a large model would hold up an event loop.
 *
 * @param initial [d] float32, the model received; its memory becomes the delta, since of a large model there is no room for one more.
 * @param trained exactly the tensors of `shapes`, by name, in any order; not changed. @param lanesPerStep from 1.
 * @returns trained − initial, finite.
 * @throws `refused` `model.parameters` for a wrong length, `model.tensors` or `model.shape` for other tensors, `update.finite` for NaN or an
 *   infinity, with tensor and index; `invalid-argument` `model.in-place` when `trained` lies in the memory of `initial`: then nothing is left
 *   to compare it with.
 */
export function* deltaSteps(
  initial: Float32Array<ArrayBuffer>,
  trained: readonly NamedTensor[],
  shapes: readonly TensorShape[],
  lanesPerStep: number,
): Generator<undefined, Float32Array<ArrayBuffer>> {
  requireParameters(initial, shapes);
  const ordered = orderTensors(trained, shapes);
  if (ordered.some(({ buffer }) => buffer === initial.buffer)) throw trainedInPlace();
  let start = 0;
  for (const values of ordered) {
    for (let from = 0; from < values.length; from += lanesPerStep) {
      const to = Math.min(values.length, from + lanesPerStep);
      for (let i = from; i < to; i++) initial[start + i] = values[i]! - initial[start + i]!;
      requireFinite(initial, shapes, start + from, start + to);
      yield;
    }
    start += values.length;
  }
  return initial;
}

function trainedInPlace(): FederatedError {
  return new FederatedError('invalid-argument', 'the trainer gave back the memory of the model it was given', {
    detail: { rule: 'model.in-place' },
    fix: 'Let the trainer put what it learned into new arrays: what changed is the difference of the two.',
  });
}

/**
 * @param from first value that is looked at; all of them unless said. @param to behind the last one.
 * @throws `refused` `update.finite`, naming the first tensor and index that holds NaN or an infinity.
 */
export function requireFinite(
  delta: Float32Array,
  shapes: readonly TensorShape[],
  from = 0,
  to: number = delta.length,
): void {
  for (let i = from; i < to; i++) {
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
