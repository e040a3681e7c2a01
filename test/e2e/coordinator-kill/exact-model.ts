import type { Trainer } from '@concordat/client-sdk';
import { encodeSafetensors, type NamedTensor } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { seeded } from '../../coordinator/machine-participant.js';

/** A power of two: every update is whole units of the ring, so that rounding draws nothing. */
const unitsPerOne = 8_192;
/** Divisible by 3, 4, 5 and 6: the mean of so many survivors is whole units again. */
const unitsOfMean = 60;
/** Of a longer model only so many weights change: all of them would be beyond the clipping norm. */
const changed = 1_000;

/** Of the plan: an update is never clipped. */
export const clippingNorm = 32_767 / unitsPerOne;

/** What every model is called by in a plan. */
export const topology = Buffer.from('{"class_name":"Sequential"}');

/** @param values [d]. */
export function tensorsOf(values: Float32Array): readonly NamedTensor[] {
  return [{ name: 'dense/bias', shape: [values.length], values }];
}

/** @param values [d]. @returns SHA-256 of the model with these weights, as the coordinator stores it. */
export function hashOf(values: Float32Array): Uint8Array {
  return nodeCrypto.sha256(encodeSafetensors(tensorsOf(values)));
}

/** A participant's update of a model in units of the ring: its own for every model. @param base [d]. @returns [d]. */
function unitsOf(name: string, base: Float32Array): Int32Array {
  const bytes = seeded(`update of ${name} on ${base[0]} ${base[1]}`).bytes(changed);
  return Int32Array.from(base, (_, i) => (i < changed ? unitsOfMean * ((bytes[i]! % 33) - 16) : 0));
}

/**
 * What a round publishes: the current model and the mean of its survivors' updates.
 *
 * @param current [d]. @param base [d], what they trained from. @returns [d], exact.
 */
export function modelAfter(current: Float32Array, base: Float32Array, survivors: readonly string[]): Float32Array {
  const all = survivors.map((name) => unitsOf(name, base));
  return current.map((value, i) => {
    const sum = all.reduce((so, units) => so + units[i]!, 0);
    return value + sum / survivors.length / unitsPerOne;
  });
}

/** Adds its participant's units to every weight, once it may. @param mayFit resolves when it may. */
export function exactTrainer(name: string, mayFit: (round: number) => Promise<void>): Trainer {
  return {
    describe: () => ({ engine: 'exact 1', kernels: 'none', why: 'a test' }),
    fit: async ({ weights, round }) => {
      await mayFit(round);
      const [bias] = weights;
      const units = unitsOf(name, bias!.values);
      const values = bias!.values.map((value, i) => value + units[i]! / unitsPerOne);
      return { weights: [{ ...bias!, values }], examples: 10 };
    },
    evaluate: async () => ({ metrics: {}, examples: 1 }),
    close: async () => undefined,
  };
}
