import { createTrainer, type DataSet, type EngineName, type Trainer } from '@concordat/client-sdk';
import { expect } from 'chai';
import fc from 'fast-check';
import { buildModel, type LayerSpec } from '../../../support/built-model.js';

/** Of 96 values in three classes: images of any shape with so many. */
const pictures = dataSetOf(96, (i) => Math.sin(i * 0.7) + 0.3 * Math.cos(i * 0.31));
/** Twelve words out of ten. */
const texts = dataSetOf(12, (i) => (i * 7 + (i % 5)) % 10);

function dataSetOf(size: number, value: (i: number) => number): DataSet {
  const examples = 24;
  const labels = Uint8Array.from({ length: examples }, (_, i) => (i * 5) % 3);
  const inputs = Float32Array.from({ length: examples * size }, (_, i) => value(i));
  return { examples, inputShape: [size], inputs, targets: { kind: 'classes', labels } };
}

const classes: LayerSpec = ['dense', { units: 3, activation: 'softmax' }];
const image = { inputShape: [8, 6, 2] };

const models: Readonly<Record<string, readonly LayerSpec[]>> = {
  'a convolution and a pool': [
    ['conv2d', { ...image, filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }],
    ['maxPooling2d', { poolSize: 2 }],
    ['conv2d', { filters: 5, kernelSize: [2, 3], activation: 'tanh' }],
    ['flatten'],
    classes,
  ],
  'convolutions with strides, an average': [
    ['conv2d', { ...image, filters: 3, kernelSize: 3, strides: [2, 1], padding: 'same', activation: 'elu' }],
    ['averagePooling2d', { poolSize: 2, strides: 1, padding: 'same' }],
    ['conv2d', { filters: 4, kernelSize: 1, activation: 'sigmoid' }],
    ['globalAveragePooling2d', {}],
    classes,
  ],
  'depthwise and separable convolutions': [
    ['depthwiseConv2d', { ...image, kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'relu6' }],
    ['separableConv2d', { filters: 4, kernelSize: 3, strides: 2, padding: 'same' }],
    ['globalMaxPooling2d', {}],
    classes,
  ],
  'a convolution over time': [
    ['conv1d', { inputShape: [48, 2], filters: 4, kernelSize: 5, strides: 2, activation: 'relu' }],
    ['globalMaxPooling1d', {}],
    classes,
  ],
  'normalized batches and layers': [
    ['conv2d', { ...image, filters: 4, kernelSize: 3, useBias: false }],
    ['batchNormalization', {}],
    ['reLU', {}],
    ['flatten'],
    ['layerNormalization', {}],
    classes,
  ],
  'a transposed convolution': [
    ['conv2d', { ...image, filters: 3, kernelSize: 3, strides: 2, padding: 'same' }],
    ['conv2dTranspose', { filters: 2, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }],
    ['flatten'],
    classes,
  ],
  'a pool of numbers below zero': [
    ['conv2d', { ...image, filters: 4, kernelSize: 3 }],
    ['maxPooling2d', { poolSize: 2 }],
    ['flatten'],
    classes,
  ],
  'convolutions and pools of volumes': [
    ['conv3d', { inputShape: [4, 4, 3, 2], filters: 3, kernelSize: 2, strides: [2, 1, 1], padding: 'same' }],
    ['maxPooling3d', { poolSize: [1, 2, 2], strides: 1 }],
    ['averagePooling3d', { poolSize: [1, 2, 1], padding: 'same' }],
    ['flatten'],
    classes,
  ],
  'enlarged images': [
    ['conv2d', { ...image, filters: 2, kernelSize: 3 }],
    ['upSampling2d', {}],
    ['upSampling2d', { size: [1, 2], interpolation: 'bilinear' }],
    ['flatten'],
    classes,
  ],
  'a convolution that is worth turning its filter': [
    ['conv2d', { inputShape: [12, 8, 1], filters: 16, kernelSize: 5, padding: 'same', activation: 'relu' }],
    ['conv2d', { filters: 16, kernelSize: 5, padding: 'same', activation: 'relu' }],
    ['globalAveragePooling2d', {}],
    classes,
  ],
  'strides that are worth turning the filter': [
    ['conv2d', { inputShape: [12, 8, 1], filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }],
    ['conv2d', { filters: 16, kernelSize: 5, strides: 2, padding: 'same', activation: 'tanh' }],
    ['globalAveragePooling2d', {}],
    classes,
  ],
};

const sequences: Readonly<Record<string, readonly LayerSpec[]>> = {
  'an embedding and a GRU': [
    ['embedding', { inputDim: 10, outputDim: 4, inputLength: 12 }],
    ['gru', { units: 5 }],
    classes,
  ],
  'an embedding and an LSTM': [
    ['embedding', { inputDim: 10, outputDim: 3, inputLength: 12 }],
    ['lstm', { units: 4 }],
    classes,
  ],
  'an embedding alone': [['embedding', { inputDim: 10, outputDim: 6, inputLength: 12 }], ['flatten'], classes],
};

describe('the kernels that tfjs-wasm lacks', function () {
  this.timeout(120_000);
  const engines: readonly EngineName[] = ['tfjs-wasm', 'tfjs-cpu'];
  const open: Trainer[] = [];
  const trainersOf = async (dataSet: DataSet) => {
    const trainers = await Promise.all(
      engines.map((engine) => createTrainer({ data: { dataSet }, participant: 'acme', engine })),
    );
    open.push(...trainers);
    return trainers;
  };
  let ofPictures: readonly Trainer[];
  let ofTexts: readonly Trainer[];

  before(async () => {
    ofPictures = await trainersOf(pictures);
    ofTexts = await trainersOf(texts);
  });

  after(() => Promise.all(open.map((trainer) => trainer.close())));

  const activations = [
    'elu',
    'hardSigmoid',
    'linear',
    'relu',
    'relu6',
    'selu',
    'sigmoid',
    'softmax',
    'softplus',
    'softsign',
  ];
  activations.push('tanh', 'swish', 'mish', 'gelu');
  const losses = ['categoricalCrossentropy', 'sparseCategoricalCrossentropy', 'binaryCrossentropy', 'meanSquaredError'];

  /** One step of rate 1: each weight's change is its gradient. @returns the worst difference of two engines, and the largest gradient. */
  const compare = async (
    trainers: readonly Trainer[],
    specs: readonly LayerSpec[],
    batchSize = 8,
    loss = losses[0]!,
  ) => {
    const { topology, tensors } = await buildModel(specs);
    const task = { loss, optimizer: { name: 'sgd', learningRate: 1 }, batchSize, steps: 1 };
    const request = { model: topology, weights: tensors, task, round: 1, seed: 'spring' };
    const [wasm, cpu] = await Promise.all(trainers.map(async (trainer) => (await trainer.fit(request)).weights));
    let worst = 0;
    let largest = 0;
    for (const [t, { values }] of cpu!.entries()) {
      for (const [i, reference] of values.entries()) {
        worst = Math.max(worst, Math.abs(wasm![t]!.values[i]! - reference));
        largest = Math.max(largest, Math.abs(reference - tensors[t]!.values[i]!));
      }
    }
    return { worst, largest, weights: wasm! };
  };

  for (const [title, specs] of Object.entries(models)) {
    it(`train ${title} as the cpu does, to 2e-5`, async () => {
      const { worst, largest } = await compare(ofPictures, specs);
      expect(worst).to.be.at.most(2e-5);
      expect(largest).to.be.at.least(1e-3);
    });
  }

  for (const [title, specs] of Object.entries(sequences)) {
    it(`train ${title} as the cpu does, to 2e-5`, async () => {
      const { worst, largest } = await compare(ofTexts, specs);
      expect(worst).to.be.at.most(2e-5);
      expect(largest).to.be.at.least(1e-3);
    });
  }

  it('train with every activation and every loss as the cpu does, to 2e-5', async () => {
    const compared = [
      ...activations.map((activation) => ({ activation, loss: losses[0]! })),
      ...losses.map((loss) => ({ activation: 'tanh', loss })),
    ];
    for (const { activation, loss } of compared) {
      const specs: LayerSpec[] = [
        ['conv2d', { ...image, filters: 3, kernelSize: 3, activation }],
        ['dropout', { rate: 0 }],
        ['flatten'],
        ['dense', { units: 4, activation }],
        classes,
      ];
      const { worst, largest } = await compare(ofPictures, specs, 8, loss);
      expect(worst, `${activation}, ${loss}`).to.be.at.most(2e-5);
      expect(largest, `${activation}, ${loss}`).to.be.at.least(1e-3);
    }
  });

  it('train convolutions of any size, stride and padding as the cpu does, to 2e-5', async () => {
    const small = fc.integer({ min: 1, max: 4 });
    const kind = fc.constantFrom('conv2d', 'depthwiseConv2d');
    const shape = fc.constantFrom([8, 6, 2], [4, 8, 3], [12, 8, 1], [6, 4, 4]);
    const config = fc.record({
      kind,
      shape,
      kernel: fc.tuple(small, small),
      strides: small,
      units: small,
      batch: small,
    });
    await fc.assert(
      fc.asyncProperty(config, fc.constantFrom('same', 'valid'), async (drawn, padding) => {
        const { kernel, strides, units, batch } = drawn;
        const size = drawn.kind === 'conv2d' ? { filters: units } : { depthMultiplier: units };
        const layer = { kernelSize: kernel, strides, padding, activation: 'tanh', ...size };
        // The second one also has a gradient of its input.
        const specs: LayerSpec[] = [
          [drawn.kind, { ...layer, inputShape: drawn.shape }],
          [drawn.kind, { ...layer, kernelSize: 1, strides: 1 }],
          ['flatten'],
          classes,
        ];
        const { worst } = await compare(ofPictures, specs, batch);
        expect(worst).to.be.at.most(2e-5);
      }),
      { seed: 7, numRuns: 40 },
    );
  });

  it('measure convolutions of filters shorter than their stride as the cpu does', async () => {
    const specs: LayerSpec[] = [
      ['conv2d', { ...image, filters: 3, kernelSize: [1, 2], strides: 2, padding: 'same', activation: 'relu' }],
      ['depthwiseConv2d', { kernelSize: [2, 1], strides: 2, padding: 'same' }],
      ['flatten'],
      classes,
    ];
    const { topology: model, tensors: weights } = await buildModel(specs);
    const request = { model, weights, loss: 'categoricalCrossentropy' };
    const [wasm, cpu] = await Promise.all(ofPictures.map(async (trainer) => (await trainer.evaluate(request)).metrics));
    expect(wasm!.loss).to.be.closeTo(cpu!.loss!, 1e-6);
  });

  it('give the same bits again', async () => {
    const specs = models['a convolution and a pool']!;
    const [first, second] = [await compare(ofPictures, specs), await compare(ofPictures, specs)];
    expect(second.weights.map(({ values }) => values)).to.deep.equal(first.weights.map(({ values }) => values));
  });
});
