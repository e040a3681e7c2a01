import { expect } from 'chai';
import fc from 'fast-check';
import { errorOf } from '../../../support/error-of.js';
import {
  classified,
  dense,
  distance,
  fitOf,
  type LinkedLayer,
  linked,
  openPair,
  type Pair,
  type SmallLayer,
  type SmallModel,
  sequential,
} from './small-models.js';

const [rows, columns, channels] = [7, 6, 2];
/** Sums over places and channels, in another order; measured 5e-7. */
const tolerance = 2e-5;

describe('a training step of images as an ONNX graph', () => {
  let pair: Pair;
  before(async function () {
    const opened = await openPair(classified(14, [rows, columns, channels], 3));
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  it('moves filters as tfjs does, for any size, stride, padding and activation', async () => {
    const two = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
    const property = fc.asyncProperty(
      two,
      two,
      fc.constantFrom('same', 'valid'),
      fc.constantFrom('relu', 'linear', 'tanh', 'elu', 'gelu'),
      fc.constantFrom('sgd', 'momentum', 'adam'),
      fc.boolean(),
      async (size, strides, padding, activation, name, useBias) => {
        const [first, second] = [conv(channels, 3, { padding, activation, size, strides }), conv(3, 2, { useBias })];
        const shape = planeOf([rows, columns], size, strides, padding);
        const flat = Math.max(shape[0] - 1, 0) * Math.max(shape[1] - 1, 0) * 2;
        fc.pre(flat > 0);
        const ending: SmallLayer[] = [{ kind: 'Flatten' }, dense(flat, 3, { activation: 'softmax' })];
        const model = sequential([rows, columns, channels], [first, second, ...ending]);
        const { apart, moved } = await distance(
          pair,
          fitOf(model, { optimizer: { name, learningRate: 0.01 }, steps: 3 }),
        );
        expect(apart).to.be.at.most(tolerance);
        expect(moved).to.be.greaterThan(0);
      },
    );
    await fc.assert(property, { seed: 21, numRuns: 60 });
  });

  it('gives the gradient to the largest as tfjs does, windows that overlap and equal numbers too', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom('same', 'valid'),
      async (poolSize, stride, padding) => {
        const [height, width] = planeOf([rows, columns], [poolSize, poolSize], [stride, stride], padding);
        // relu makes many zeros: equal numbers in one window.
        const layers: SmallLayer[] = [
          conv(channels, 3, { padding: 'same', activation: 'relu' }),
          { kind: 'MaxPooling2D', config: { pool_size: [poolSize, poolSize], strides: [stride, stride], padding } },
          { kind: 'Flatten' },
          dense(height * width * 3, 3, { activation: 'softmax' }),
        ];
        const model = sequential([rows, columns, channels], layers);
        expect((await distance(pair, fitOf(model, { steps: 3 }))).apart).to.be.at.most(tolerance);
      },
    );
    await fc.assert(property, { seed: 22, numRuns: 18 });
  });

  it('normalizes by the batch, and lets the moving mean and variance follow, as tfjs does', async () => {
    for (const name of ['sgd', 'momentum', 'adam']) {
      for (const trainable of [true, false]) {
        const layers: SmallLayer[] = [
          // No bias before, and a bend between: what the next normalization takes out has a gradient of rounding only, and
          // Adam makes whole steps of that.
          conv(channels, 3, { padding: 'same', useBias: false }),
          normalization(3, { trainable }),
          { kind: 'ReLU' },
          { kind: 'Flatten' },
          { kind: 'Dense', config: { units: 4, use_bias: false }, weights: { kernel: [rows * columns * 3, 4] } },
          normalization(4, { momentum: 0.9, epsilon: 0.01 }),
          { kind: 'Activation', config: { activation: 'softmax' } },
          dense(4, 3, { activation: 'softmax' }),
        ];
        const request = fitOf(sequential([rows, columns, channels], layers), {
          optimizer: { name, learningRate: 0.001 },
          steps: 5,
        });
        const { apart, moved } = await distance(pair, request);
        expect(apart, name).to.be.at.most(1e-4);
        expect(moved).to.be.greaterThan(0.01);
        const [before, after] = [request.weights, (await pair.onnx.fit(request)).weights];
        const still = before.filter(({ values }, i) => `${values}` === `${after[i]!.values}`).map((one) => one.name);
        expect(still.filter((one) => one.includes('moving'))).to.deep.equal([]);
        expect(still.includes('layer_1/gamma'), `${trainable}`).to.equal(!trainable);
      }
    }
  });

  it('trains a residual block with the mean of its planes', async () => {
    const { apart, moved } = await distance(pair, fitOf(residual(), { steps: 5 }));
    expect(apart).to.be.at.most(tolerance);
    expect(moved).to.be.greaterThan(0);
  });

  for (const [reason, config] of [
    ['Conv2D with dilation 2,2 is not lowered', { dilation_rate: [2, 2] }],
    ['Conv2D with softmax is not lowered', { activation: 'softmax' }],
  ] as const) {
    it(`says what it does not cover: ${reason}`, async () => {
      const layers = [conv(channels, 3, { ...config, padding: 'same' }), { kind: 'Flatten' }, dense(126, 3)];
      const error = await errorOf(pair.onnx.fit(fitOf(sequential([rows, columns, channels], layers))));
      expect([error.detail.rule, error.detail.offered]).to.deep.equal(['engine.lowering', reason]);
    });
  }
});

interface ConvConfig {
  readonly size?: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly useBias?: boolean;
  readonly [key: string]: unknown;
}

function conv(inputs: number, filters: number, options: ConvConfig): SmallLayer {
  const { size = [2, 2], strides = [1, 1], useBias = true, ...config } = options;
  const bias = useBias ? { bias: [filters] } : {};
  return {
    kind: 'Conv2D',
    config: { filters, kernel_size: size, strides, use_bias: useBias, padding: 'valid', ...config },
    weights: { kernel: [...size, inputs, filters], ...bias },
  };
}

function normalization(width: number, config: Readonly<Record<string, unknown>>): SmallLayer {
  const own = ['gamma', 'beta', 'moving_mean', 'moving_variance'];
  return {
    kind: 'BatchNormalization',
    config: { axis: -1, momentum: 0.99, epsilon: 0.001, center: true, scale: true, ...config },
    weights: Object.fromEntries(own.map((name) => [name, [width]])),
  };
}

function planeOf(
  input: readonly [number, number],
  size: readonly [number, number],
  strides: readonly [number, number],
  padding: string,
): [number, number] {
  const along = (i: 0 | 1): number =>
    padding === 'same' ? Math.ceil(input[i] / strides[i]) : Math.floor((input[i] - size[i]) / strides[i]) + 1;
  return [along(0), along(1)];
}

function residual(): SmallModel {
  const layers: LinkedLayer[] = [
    { ...conv(channels, 4, { padding: 'same', activation: 'relu' }), from: [0] },
    { ...conv(4, 4, { padding: 'same', activation: 'tanh' }), from: [1] },
    { kind: 'Add', from: [1, 2] },
    { kind: 'GlobalAveragePooling2D', from: [3] },
    { ...dense(4, 3, { activation: 'softmax' }), from: [4] },
  ];
  return linked([rows, columns, channels], layers, 5);
}
