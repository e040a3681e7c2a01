import type { Trainer } from '@concordat/client-sdk';
import { seeded } from '../coordinator/machine-participant.js';

/** d: a vector of lanes of 24 bits is a little longer than one chunk, so that it is asked for before it is sent. */
export const parameters = 16_400;
/** How many of them change. All would have a norm beyond the clipping norm. */
export const changed = 24;

/** Lane units in a weight of one. A power of two, and the clipping norm 32,767 of them: every update is whole units, so rounding draws nothing. */
export const unitsPerOne = 8_192;

/** What a participant's update is in lane units: dense where it changes anything, of both signs, its own in every round. */
export function unitsOf(name: string, round: number): Int32Array {
  const bytes = seeded(`update of ${name} in round ${round}`).bytes(2 * changed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: parameters }, (_, i) => (i < changed ? (view.getUint16(2 * i) % 1_999) - 999 : 0));
}

/** The update as the trainer hands it over: weights minus base. */
export function deltaOf(name: string, round: number): Float32Array {
  return Float32Array.from(unitsOf(name, round), (units) => units / unitsPerOne);
}

/** Adds its participant's units to every weight. */
export function exactTrainer(name: string): Trainer {
  return {
    describe: () => ({ engine: 'exact 1', kernels: 'none', why: 'a test' }),
    fit: async ({ weights, round }) => {
      const delta = deltaOf(name, round);
      let next = 0;
      const trained = weights.map(({ name, shape, values }) => ({
        name,
        shape,
        values: values.map((value) => value + delta[next++]!),
      }));
      return { weights: trained, examples: 10 };
    },
    evaluate: async () => ({ metrics: {}, examples: 1 }),
    close: async () => undefined,
  };
}
