import type { LayersModel } from '@tensorflow/tfjs';
import seedrandom from 'seedrandom';
import { sizeOf } from '../data/data-set.js';
import { drawsOf } from '../data/seeded-order.js';

type Layer = LayersModel['layers'][number];

/** A step of one training. */
export interface NoisePlace {
  /** Fixes, with the step and the layer's name, what a layer draws. */
  readonly seed: string;
  readonly step: number;
}

/**
 * What layers draw while they train: Dropout, GaussianNoise, and the like. tfjs takes a seed of its own for every draw, from
 * `Math.random`; here it is a function of the training's seed, the step and the layer, so that every engine drops the same.
 */
export class LayerNoise {
  /** Of each layer in the step under way. */
  #seedsOf: ((layer: string) => () => number) | undefined;
  /** Of the layer under way. */
  #seeds: (() => number) | undefined;

  /** @param network its layers are changed: from now on they tell when they begin and end. */
  constructor(network: LayersModel) {
    for (const layer of network.layers) this.#accompany(layer);
  }

  /**
   * One step of tfjs. A layer that is used twice draws on.
   *
   * @param work must not wait for anything: `Math.random` is another one until it ends, for the whole thread.
   */
  during<T>(place: NoisePlace, work: () => T): T {
    const begun = new Map<string, () => number>();
    this.#seedsOf = (layer) => {
      const seeds = begun.get(layer) ?? seedsOf(place, layer);
      begun.set(layer, seeds);
      return seeds;
    };
    const unseeded = Math.random;
    Math.random = () => (this.#seeds ?? unseeded)();
    try {
      return work();
    } finally {
      Math.random = unseeded;
      this.#seedsOf = undefined;
    }
  }

  /**
   * What `tf.dropout` multiplies with.
   *
   * @param shape with the batch.
   * @param rate 0 < rate < 1. @param draw which of the layer's draws in this step, from 0.
   * @returns 0, or 1 ∕ (1 − rate), as many as the shape has.
   */
  factors(
    place: NoisePlace,
    { layer, draw, shape, rate }: { layer: string; draw: number; shape: readonly number[]; rate: number },
  ): Float32Array {
    const seeds = seedsOf(place, layer);
    for (let i = 0; i < draw; i++) seeds();
    // The generator of tf.randomUniform, which itself takes 1.1 ms for 2,000 numbers where this takes 0.03.
    const uniform = seedrandom.alea(String(seeds()));
    // In float32 at each step, as tfjs's kernels compute.
    const kept = Math.fround(1 - rate);
    const factor = Math.fround(1 / kept);
    const factors = new Float32Array(sizeOf(shape));
    for (let i = 0; i < factors.length; i++) if (Math.fround(Math.fround(uniform()) + kept) >= 1) factors[i] = factor;
    return factors;
  }

  #accompany(layer: Layer): void {
    // With one of its own a Dropout of tfjs drops the same in every step.
    if ('seed' in layer) layer.seed = undefined;
    const call = layer.call.bind(layer);
    layer.call = (inputs, kwargs) => {
      const outer = this.#seeds;
      this.#seeds = this.#seedsOf?.(layer.name);
      try {
        return call(inputs, kwargs);
      } finally {
        this.#seeds = outer;
      }
    };
  }
}

function seedsOf({ seed, step }: NoisePlace, layer: string): () => number {
  return drawsOf(`noise/${seed}/${step}/${layer}`);
}
