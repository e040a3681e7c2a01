import type { NamedTensor } from '@concordat/core';

/** A layer of tfjs: the name of its function in `tf.layers`, and what it is made with. */
export type LayerSpec = readonly [kind: string, config?: Readonly<Record<string, unknown>>];

export interface BuiltModel {
  /** What stands in `model.json` under `modelTopology`. */
  readonly topology: object;
  /** In the order of tfjs; the same for the same layers. */
  readonly tensors: readonly NamedTensor[];
}

interface BuiltWeight {
  readonly originalName: string;
  readonly shape: readonly number[];
}

interface Sequential {
  readonly weights: readonly BuiltWeight[];
  toJSON(unused: unknown, returnString: false): object;
  dispose(): void;
}

/** Of tfjs what is used here: its own types need a browser's. */
interface Layers {
  readonly layers: Readonly<Record<string, (config: object) => unknown>>;
  sequential(config: { readonly layers: readonly unknown[] }): Sequential;
}

/** A sequential model of tfjs's layers, as it saves one. */
export async function buildModel(specs: readonly LayerSpec[]): Promise<BuiltModel> {
  const name: string = '@tensorflow/tfjs';
  const module = (await import(name)) as { readonly default: Layers };
  const tf = module.default;
  const model = tf.sequential({ layers: specs.map(([kind, config = {}]) => tf.layers[kind]!(config)) });
  const topology = model.toJSON(undefined, false);
  const tensors = model.weights.map(({ originalName, shape }, index) => ({
    name: originalName,
    shape: [...shape],
    values: valuesOf(originalName, shape, index),
  }));
  model.dispose();
  return { topology, tensors };
}

/** Small numbers without a pattern that a convolution could miss; variances and scales around 1. */
function valuesOf(name: string, shape: readonly number[], index: number): Float32Array {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const around = /variance|gamma/.test(name) ? 1 : 0;
  return Float32Array.from(
    { length: size },
    (_, i) => around + 0.4 * Math.sin(12.9898 * (i + 1) + 78.233 * (index + 1)),
  );
}
