import type { Draws } from '../draws.js';

/** What an adversary sees when it makes its update: no more than all adversaries of a round together know. */
export interface Attacked {
  /** [d] what it trained itself, minus the model; may be changed and returned. */
  readonly own: Float32Array;
  /** [adversaries of the cohort] their trained deltas, its own among them; left as they are. */
  readonly colluding: readonly Float32Array[];
  /** Of the cohort. */
  readonly participants: number;
  /** Of its own, for this round. */
  readonly draws: Draws;
}

/** How an adversary departs from the task. What it sends is then clipped, quantized and masked as everybody's. */
export interface Adversary {
  /** [classes] another label for each, of its own examples, before it trains. */
  relabel?(classes: number): readonly number[];
  /** @returns [d] the delta that it contributes. */
  delta?(attacked: Attacked): Float32Array;
}
