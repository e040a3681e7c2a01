import type { NamedTensor } from '@concordat/core';
import type { Tensor } from '@tensorflow/tfjs';
import type { LoadedModel } from './layers-model.js';
import type { LocalRule } from './local-rule.js';
import type { Tf } from './tf.js';

/** A local rule over the gradients of tfjs. Dispose it. */
export class TfjsCorrections {
  readonly #proximal: number;
  /** By the weight's name; empty where the rule needs none. */
  readonly #initial: ReadonlyMap<string, Tensor>;
  readonly #shift: ReadonlyMap<string, Tensor>;

  /** @param weights what the training begins with. */
  constructor(tf: Tf, weights: readonly NamedTensor[], { proximal = 0, shift = [] }: LocalRule) {
    const held = (tensors: readonly NamedTensor[]): Map<string, Tensor> =>
      new Map(tensors.map(({ name, shape, values }) => [name, tf.tensor(values, [...shape])]));
    this.#proximal = proximal;
    this.#initial = held(proximal > 0 ? weights : []);
    this.#shift = held(shift);
  }

  /** @returns gradient + μ · (w − w₀) + shift, or the gradient itself. */
  apply({ name, variable }: LoadedModel['trainable'][number], gradient: Tensor): Tensor {
    const [initial, shift] = [this.#initial.get(name), this.#shift.get(name)];
    const near = initial === undefined ? gradient : gradient.add(variable.sub(initial).mul(this.#proximal));
    return shift === undefined ? near : near.add(shift);
  }

  dispose(): void {
    for (const tensor of [...this.#initial.values(), ...this.#shift.values()]) tensor.dispose();
  }
}
