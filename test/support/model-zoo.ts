import type { NamedTensor, TensorShape } from '@concordat/core';
import { numbers, sizeOf } from './seeded-numbers.js';

/** A model as people train them, small enough for a test: a tfjs topology, and what it is trained on. */
export interface ZooModel {
  readonly name: string;
  /** Its layers, for people. */
  readonly layers: string;
  /** As in `model.json` under `modelTopology`. */
  readonly topology: object;
  readonly task: {
    readonly loss: string;
    readonly optimizer: { readonly name: string; readonly learningRate: number };
  };
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Inputs are numbers of words below this; else numbers in −1 … 1. */
  readonly words?: number;
  /** One class of the outputs, every output on or off by itself, a number for each, or the inputs themselves. */
  readonly targets: 'class' | 'labels' | 'values' | 'inputs';
}

/** Examples of one step. */
export interface ZooBatch {
  readonly examples: number;
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
}

/** Name, class, configuration, and the names of the layers before it; the one above unless said. */
type Layer = readonly [
  name: string,
  kind: string,
  config?: Readonly<Record<string, unknown>>,
  inputs?: readonly string[],
];

const sgd = { name: 'sgd', learningRate: 0.1 };
const classifying = { loss: 'categoricalCrossentropy', optimizer: sgd };
const softmax: Layer = ['output', 'Dense', { units: 4, activation: 'softmax' }];
const classifier = { outputShape: [4], targets: 'class' } as const;
const picture = { ...classifier, inputShape: [12, 12, 1], task: classifying };
const text = { ...classifier, inputShape: [9], words: 20, task: classifying };
const row = { ...classifier, inputShape: [10], task: classifying };
const embedding: Layer = ['words', 'Embedding', { input_dim: 20, output_dim: 6, input_length: 9 }];

/** Sixteen models: what each engine trains, and how well the engines agree, is asked of them. */
export const modelZoo: readonly ZooModel[] = [
  { name: 'logistic regression', ...row, ...built('Dense, softmax', [10], [softmax]) },
  {
    name: 'multilayer perceptron',
    ...row,
    ...built(
      'Dense, ReLU',
      [10],
      [
        ['hidden_1', 'Dense', { units: 16, activation: 'relu' }],
        ['hidden_2', 'Dense', { units: 16, activation: 'relu' }],
        softmax,
      ],
    ),
  },
  {
    name: 'perceptron with dropout',
    ...row,
    ...built(
      'Dense, Dropout',
      [10],
      [['hidden', 'Dense', { units: 24, activation: 'relu' }], ['dropout', 'Dropout', { rate: 0.5, seed: 7 }], softmax],
    ),
  },
  {
    name: 'LeNet',
    ...picture,
    ...built(
      'Conv2D, tanh, AveragePooling2D',
      [12, 12, 1],
      [
        ['conv_1', 'Conv2D', { filters: 4, kernel_size: [5, 5], padding: 'same', activation: 'tanh' }],
        ['pool_1', 'AveragePooling2D', { pool_size: [2, 2] }],
        ['conv_2', 'Conv2D', { filters: 6, kernel_size: [3, 3], activation: 'tanh' }],
        ['pool_2', 'AveragePooling2D', { pool_size: [2, 2] }],
        ['flatten', 'Flatten'],
        ['dense', 'Dense', { units: 12, activation: 'tanh' }],
        softmax,
      ],
    ),
  },
  {
    name: 'convolutional network of McMahan et al.',
    ...picture,
    ...built(
      'Conv2D, MaxPooling2D, Dense',
      [12, 12, 1],
      [
        ['conv_1', 'Conv2D', { filters: 4, kernel_size: [5, 5], padding: 'same', activation: 'relu' }],
        ['pool_1', 'MaxPooling2D', { pool_size: [2, 2] }],
        ['conv_2', 'Conv2D', { filters: 8, kernel_size: [5, 5], padding: 'same', activation: 'relu' }],
        ['pool_2', 'MaxPooling2D', { pool_size: [2, 2] }],
        ['flatten', 'Flatten'],
        ['dense', 'Dense', { units: 16, activation: 'relu' }],
        softmax,
      ],
    ),
  },
  { name: 'residual network', ...picture, ...built('Conv2D, BatchNormalization, Add', [12, 12, 1], residual()) },
  {
    name: 'depthwise network',
    ...picture,
    ...built('DepthwiseConv2D, BatchNormalization, ReLU6', [12, 12, 1], depthwise()),
  },
  {
    name: 'branches of separable convolutions',
    ...picture,
    ...built(
      'SeparableConv2D, Concatenate, GlobalMaxPooling2D',
      [12, 12, 1],
      [
        ['stem', 'Conv2D', { filters: 4, kernel_size: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu' }],
        ['wide', 'SeparableConv2D', { filters: 4, kernel_size: [5, 5], padding: 'same', activation: 'relu' }],
        [
          'narrow',
          'SeparableConv2D',
          { filters: 4, kernel_size: [3, 3], padding: 'same', activation: 'relu' },
          ['stem'],
        ],
        ['both', 'Concatenate', { axis: -1 }, ['wide', 'narrow']],
        ['pool', 'GlobalMaxPooling2D'],
        softmax,
      ],
    ),
  },
  {
    name: 'convolutions over time',
    ...classifier,
    inputShape: [24, 2],
    task: classifying,
    ...built(
      'Conv1D, MaxPooling1D, GlobalAveragePooling1D',
      [24, 2],
      [
        ['conv_1', 'Conv1D', { filters: 6, kernel_size: [5], strides: [1], padding: 'same', activation: 'relu' }],
        ['pool_1', 'MaxPooling1D', { pool_size: [2], strides: [2] }],
        ['conv_2', 'Conv1D', { filters: 8, kernel_size: [3], strides: [1], activation: 'relu' }],
        ['pool_2', 'GlobalAveragePooling1D'],
        softmax,
      ],
    ),
  },
  {
    name: 'text with a GRU',
    ...text,
    ...built('Embedding, GRU', [9], [embedding, ['gru', 'GRU', { units: 7 }], softmax]),
  },
  {
    name: 'text with an LSTM',
    ...text,
    ...built('Embedding, LSTM', [9], [embedding, ['lstm', 'LSTM', { units: 7 }], softmax]),
  },
  {
    name: 'text as a bag of words',
    ...text,
    ...built('Embedding, GlobalAveragePooling1D', [9], [embedding, ['mean', 'GlobalAveragePooling1D'], softmax]),
  },
  {
    name: 'table with normalized batches',
    ...row,
    task: { loss: 'categoricalCrossentropy', optimizer: { name: 'momentum', learningRate: 0.02 } },
    ...built(
      'Dense, BatchNormalization, LeakyReLU',
      [10],
      [
        ['dense_1', 'Dense', { units: 16, use_bias: false }],
        ['norm_1', 'BatchNormalization'],
        ['relu_1', 'LeakyReLU', { alpha: 0.1 }],
        ['dense_2', 'Dense', { units: 8, use_bias: false }],
        ['norm_2', 'BatchNormalization'],
        ['relu_2', 'ReLU'],
        softmax,
      ],
    ),
  },
  {
    name: 'perceptron with normalized layers',
    ...row,
    ...built(
      'Dense, LayerNormalization, GELU',
      [10],
      [
        ['dense_1', 'Dense', { units: 16, activation: 'gelu' }],
        ['norm', 'LayerNormalization'],
        ['dense_2', 'Dense', { units: 8, activation: 'swish' }],
        softmax,
      ],
    ),
  },
  {
    name: 'autoencoder of pictures',
    inputShape: [8, 8, 1],
    outputShape: [8, 8, 1],
    targets: 'inputs',
    task: { loss: 'meanSquaredError', optimizer: sgd },
    ...built(
      'Conv2D, Conv2DTranspose, UpSampling2D',
      [8, 8, 1],
      [
        ['down_1', 'Conv2D', { filters: 6, kernel_size: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu' }],
        ['down_2', 'Conv2D', { filters: 4, kernel_size: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu' }],
        [
          'up_1',
          'Conv2DTranspose',
          { filters: 6, kernel_size: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu' },
        ],
        ['up_2', 'UpSampling2D', { size: [2, 2] }],
        ['output', 'Conv2D', { filters: 1, kernel_size: [3, 3], padding: 'same', activation: 'tanh' }],
      ],
    ),
  },
  {
    name: 'labels of which several hold',
    inputShape: [10],
    outputShape: [5],
    targets: 'labels',
    task: { loss: 'binaryCrossentropy', optimizer: sgd },
    ...built(
      'Dense, sigmoid',
      [10],
      [
        ['hidden', 'Dense', { units: 16, activation: 'elu' }],
        ['output', 'Dense', { units: 5, activation: 'sigmoid' }],
      ],
    ),
  },
  {
    name: 'regression',
    inputShape: [10],
    outputShape: [2],
    targets: 'values',
    task: { loss: 'meanSquaredError', optimizer: { name: 'adam', learningRate: 0.01 } },
    ...built(
      'Dense, tanh, linear; Adam',
      [10],
      [
        ['hidden_1', 'Dense', { units: 16, activation: 'tanh' }],
        ['hidden_2', 'Dense', { units: 8, activation: 'softplus' }],
        ['output', 'Dense', { units: 2 }],
      ],
    ),
  },
];

/** Weights that `seed` fixes: uniform as Glorot and Bengio draw them, scales and variances near 1, the rest near 0. */
export function zooWeights(shapes: readonly TensorShape[], seed: number): NamedTensor[] {
  return shapes.map(({ name, shape }, i) => {
    const drawn = numbers(sizeOf(shape), seed + 31 * i);
    const around = /(gamma|variance)$/.test(name) ? 1 : 0;
    const [inside, outside] = [shape.at(-2) ?? 0, shape.at(-1) ?? 0];
    const window = sizeOf(shape.slice(0, -2));
    const spread = shape.length < 2 ? 0.1 : Math.sqrt(6 / (window * (inside + outside)));
    return { name, shape: [...shape], values: drawn.map((x) => around + spread * x) };
  });
}

/** Steps of examples that `seed` fixes: four each, three in every third. */
export function zooBatches(model: ZooModel, steps: number, seed: number): ZooBatch[] {
  return Array.from({ length: steps }, (_, step) => {
    const examples = step % 3 === 2 ? 3 : 4;
    const drawn = numbers(examples * sizeOf(model.inputShape), seed + 101 * step);
    const { words } = model;
    const inputs = words === undefined ? drawn : drawn.map((x) => Math.floor(((x + 1) / 2) * words));
    return { examples, inputs, targets: targetsOf(model, inputs, examples, seed + 211 * step) };
  });
}

function targetsOf(
  { targets, outputShape }: ZooModel,
  inputs: Float32Array,
  examples: number,
  seed: number,
): Float32Array {
  const outputs = sizeOf(outputShape);
  const drawn = numbers(examples * outputs, seed);
  switch (targets) {
    case 'inputs':
      return inputs;
    case 'values':
      return drawn;
    case 'labels':
      return drawn.map((x) => (x > 0.3 ? 1 : 0));
    case 'class':
      return drawn.map((_, i) => (i % outputs === Math.floor(((drawn[i - (i % outputs)]! + 1) / 2) * outputs) ? 1 : 0));
  }
}

function residual(): Layer[] {
  const convolution = (filters: number, size: number, stride: number) => ({
    filters,
    kernel_size: [size, size],
    strides: [stride, stride],
    padding: 'same',
    use_bias: false,
  });
  return [
    ['stem', 'Conv2D', convolution(4, 3, 1)],
    ['stem_norm', 'BatchNormalization'],
    ['stem_relu', 'ReLU'],
    ['a_conv_1', 'Conv2D', convolution(4, 3, 1)],
    ['a_norm_1', 'BatchNormalization'],
    ['a_relu', 'ReLU'],
    ['a_conv_2', 'Conv2D', convolution(4, 3, 1)],
    ['a_norm_2', 'BatchNormalization'],
    ['a_sum', 'Add', {}, ['a_norm_2', 'stem_relu']],
    ['a_out', 'ReLU'],
    ['b_conv_1', 'Conv2D', convolution(6, 3, 2)],
    ['b_norm_1', 'BatchNormalization'],
    ['b_relu', 'ReLU'],
    ['b_conv_2', 'Conv2D', convolution(6, 3, 1)],
    ['b_norm_2', 'BatchNormalization'],
    ['b_short', 'Conv2D', convolution(6, 1, 2), ['a_out']],
    ['b_sum', 'Add', {}, ['b_norm_2', 'b_short']],
    ['b_out', 'ReLU'],
    ['pool', 'GlobalAveragePooling2D'],
    softmax,
  ];
}

function depthwise(): Layer[] {
  const thin = { use_bias: false, padding: 'same' };
  return [
    ['stem', 'Conv2D', { ...thin, filters: 4, kernel_size: [3, 3], strides: [2, 2] }],
    ['stem_norm', 'BatchNormalization'],
    ['stem_relu', 'ReLU', { max_value: 6 }],
    ['depth', 'DepthwiseConv2D', { ...thin, kernel_size: [3, 3] }],
    ['depth_norm', 'BatchNormalization'],
    ['depth_relu', 'ReLU', { max_value: 6 }],
    ['point', 'Conv2D', { ...thin, filters: 8, kernel_size: [1, 1] }],
    ['point_norm', 'BatchNormalization'],
    ['point_relu', 'ReLU', { max_value: 6 }],
    ['pool', 'GlobalAveragePooling2D'],
    softmax,
  ];
}

/** A functional model, as Keras and tfjs save one. */
function built(
  what: string,
  inputShape: readonly number[],
  layers: readonly Layer[],
): Pick<ZooModel, 'layers' | 'topology'> {
  const json = layers.map(
    ([name, kind, config = {}, inputs = [layers[layers.findIndex(([one]) => one === name) - 1]?.[0] ?? 'input']]) => ({
      name,
      class_name: kind,
      config: { name, trainable: true, ...config },
      inbound_nodes: [inputs.map((input) => [input, 0, 0, {}])],
    }),
  );
  const input = {
    name: 'input',
    class_name: 'InputLayer',
    config: { name: 'input', batch_input_shape: [null, ...inputShape], dtype: 'float32', sparse: false },
    inbound_nodes: [],
  };
  return {
    layers: what,
    topology: {
      class_name: 'Functional',
      config: {
        name: 'model',
        layers: [input, ...json],
        input_layers: [['input', 0, 0]],
        output_layers: [[layers.at(-1)![0], 0, 0]],
      },
    },
  };
}
