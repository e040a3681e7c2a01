import { type FederatedError, refusal } from '@concordat/core';
import type { LoadedModel } from './layers-model.js';

/**
 * What `work` gives. What tfjs throws at a model that it has built is a word about this model: a kernel or a gradient that is not
 * there. Only memory that runs out is not.
 *
 * @throws `refused` `model.trainable` in tfjs's own words.
 */
export function computing<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Error) || outOfMemory.includes(cause.name)) throw cause;
    const why = cause.message.split('\n')[0]!.slice(0, 200).trim();
    throw untrainable(`tfjs cannot compute this model: ${why}`, why);
  }
}

/** In JavaScript, and in WebAssembly. */
const outOfMemory = ['RangeError', 'RuntimeError'];

/** @throws `refused` `model.trainable` for a model of frozen layers, or of none that has weights. */
export function requireTrainable({ trainable, weights }: Pick<LoadedModel, 'trainable' | 'weights'>): void {
  if (trainable.length > 0) return;
  throw untrainable('the model has no weight to train', `${weights.length} weights, none of them trainable`);
}

function untrainable(message: string, offered: string): FederatedError {
  return refusal('model.trainable', message, { required: 'a model that trains here', offered });
}
