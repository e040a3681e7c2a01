import { type DataSet, denseNetwork, type FitRequest } from '@concordat/client-sdk';
import type { NamedTensor } from '@concordat/core';

/** A network on noise: what digits and words show does not change what they cost. */
interface Network {
  readonly model: object;
  readonly weights: readonly NamedTensor[];
  readonly inputShape: readonly number[];
  /** Inputs are numbers of words below this; else numbers in 0 … 1. */
  readonly words?: number;
}

const networks = { '2nn': twoHiddenLayers, cnn: twoConvolutions, gru: wordsAndGru };

/** McMahan et al. 2017: 784-200-200-10, and 5×5×32-5×5×64-512; twenty of 2,000 words, as 32 numbers each, into a GRU of 64. */
export type NetworkName = keyof typeof networks;

/** One pass of plain descent, batch 10. */
export function fitOf(name: NetworkName): FitRequest {
  const { model, weights } = networks[name]();
  const optimizer = { name: 'sgd', learningRate: 0.01 };
  const task = { loss: 'categoricalCrossentropy', optimizer, batchSize: 10, epochs: 1 };
  return { model, weights, task, round: 1, seed: 'bench' };
}

export function noiseFor(name: NetworkName, examples: number): DataSet {
  const { inputShape, words } = networks[name]();
  const draw = drawsFrom(2);
  const inputs = valuesOf([examples, ...inputShape], words === undefined ? draw : () => Math.floor(words * draw()));
  const labels = Uint8Array.from({ length: examples }, (_, i) => i % 10);
  return { examples, inputShape: [...inputShape], inputs, targets: { kind: 'classes', labels } };
}

function twoHiddenLayers(): Network {
  const { topology, tensors } = denseNetwork({ inputs: 784, hidden: [200, 200], classes: 10, seed: '1' });
  return { model: topology, weights: tensors, inputShape: [784] };
}

function twoConvolutions(): Network {
  const conv = (name: string, filters: number, first = {}) =>
    layer('Conv2D', { name, filters, kernel_size: [5, 5], padding: 'same', activation: 'relu', ...first });
  const pool = (name: string) => layer('MaxPooling2D', { name, pool_size: [2, 2], strides: [2, 2], padding: 'valid' });
  const draw = drawsFrom(1);
  return {
    model: sequential([
      conv('conv_1', 32, { batch_input_shape: [null, 28, 28, 1] }),
      pool('pool_1'),
      conv('conv_2', 64),
      pool('pool_2'),
      layer('Flatten', { name: 'flat' }),
      layer('Dense', { name: 'dense_1', units: 512, activation: 'relu' }),
      layer('Dense', { name: 'dense_2', units: 10, activation: 'softmax' }),
    ]),
    weights: [
      ...kernelAndBias('conv_1', [5, 5, 1, 32], 0.1, draw),
      ...kernelAndBias('conv_2', [5, 5, 32, 64], 0.05, draw),
      ...kernelAndBias('dense_1', [3136, 512], 0.03, draw),
      ...kernelAndBias('dense_2', [512, 10], 0.1, draw),
    ],
    inputShape: [28, 28, 1],
  };
}

function wordsAndGru(): Network {
  const [words, length, numbers, units] = [2000, 20, 32, 64];
  const draw = drawsFrom(3);
  const drawn = (name: string, shape: number[]): NamedTensor => {
    return { name, shape, values: valuesOf(shape, () => 0.2 * draw() - 0.1) };
  };
  return {
    model: sequential([
      layer('Embedding', {
        name: 'words',
        batch_input_shape: [null, length],
        input_dim: words,
        output_dim: numbers,
        input_length: length,
      }),
      layer('GRU', { name: 'gru', units, recurrent_activation: 'sigmoid' }),
      layer('Dense', { name: 'dense', units: 10, activation: 'softmax' }),
    ]),
    weights: [
      drawn('words/embeddings', [words, numbers]),
      drawn('gru/kernel', [numbers, 3 * units]),
      drawn('gru/recurrent_kernel', [units, 3 * units]),
      { name: 'gru/bias', shape: [3 * units], values: new Float32Array(3 * units) },
      ...kernelAndBias('dense', [units, 10], 0.1, draw),
    ],
    inputShape: [length],
    words,
  };
}

interface LayerJson {
  readonly class_name: string;
  readonly config: object;
}

function layer(kind: string, config: object): LayerJson {
  return { class_name: kind, config };
}

function sequential(layers: readonly LayerJson[]): object {
  return { class_name: 'Sequential', config: { name: 'bench', layers } };
}

function kernelAndBias(name: string, shape: number[], width: number, draw: () => number): NamedTensor[] {
  return [
    { name: `${name}/kernel`, shape, values: valuesOf(shape, () => (2 * draw() - 1) * width) },
    { name: `${name}/bias`, shape: [shape.at(-1)!], values: new Float32Array(shape.at(-1)!) },
  ];
}

function valuesOf(shape: readonly number[], draw: () => number): Float32Array {
  return Float32Array.from({ length: shape.reduce((size, n) => size * n, 1) }, draw);
}

/** Numbers in 0 … 1, the same in every run: xorshift32. */
function drawsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
