import { expect } from 'chai';
import fc from 'fast-check';
import { errorOf } from '../../../support/error-of.js';
import {
  classified,
  dense,
  expectSame,
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
const upTo = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
const optimizers = fc.constantFrom('sgd', 'momentum', 'adam');
const paddings = fc.constantFrom('same', 'valid');

/** Layers in the middle, trained ones before them and behind them. `shape` is what they give. */
function between(layers: readonly SmallLayer[], shape: readonly number[], before = first): SmallModel {
  const flat = shape.reduce((product, length) => product * length, 1);
  const ending: SmallLayer[] = [...(shape.length > 1 ? [{ kind: 'Flatten' }] : []), dense(flat, 3, softmax)];
  return sequential([rows, columns, channels], [...before, ...layers, ...ending]);
}

const softmax = { activation: 'softmax' };
/** 1×1: the plane keeps its size, and has three channels of both signs. */
const first: readonly SmallLayer[] = [convolution('Conv2D', [1, 1], [channels, 3])];
/** The same as a line of 14 places with three channels. */
const line: readonly SmallLayer[] = [{ kind: 'Reshape', config: { target_shape: [14, 6] } }, { ...dense(6, 3) }];

function convolution(
  kind: string,
  size: readonly number[],
  [inputs, filters]: readonly [number, number],
  config: Readonly<Record<string, unknown>> = {},
): SmallLayer {
  return {
    kind,
    config: { filters, kernel_size: size, ...config },
    weights: { kernel: [...size, inputs, filters], ...(config.use_bias === false ? {} : { bias: [filters] }) },
  };
}

function lengthOf(input: number, size: number, stride: number, padding: string): number {
  return padding === 'same' ? Math.ceil(input / stride) : Math.floor((input - size) / stride) + 1;
}

describe('layers with windows as ONNX graphs', () => {
  let pair: Pair;
  before(async function () {
    // In batches of 4 the last one of a pass has 2.
    const opened = await openPair(classified(14, [rows, columns, channels], 3));
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  const windows = fc.record({
    size: fc.tuple(upTo(3), upTo(3)),
    strides: fc.tuple(upTo(3), upTo(3)),
    padding: paddings,
  });

  it('convolve each channel by itself as tfjs does, and mix them afterwards', async () => {
    const property = fc.asyncProperty(
      windows,
      fc.constantFrom('DepthwiseConv2D', 'SeparableConv2D'),
      upTo(3),
      upTo(3),
      fc.boolean(),
      fc.constantFrom('linear', 'relu', 'tanh'),
      optimizers,
      async (
        { size, strides: [, stride], padding, ...drawn },
        kind,
        multiplier,
        filters,
        useBias,
        activation,
        optimizer,
      ) => {
        // tfjs's own kernels differ where both strides do.
        const config = { kernel_size: size, strides: [stride, stride], padding, use_bias: useBias, activation };
        const outputs = kind === 'DepthwiseConv2D' ? 3 * multiplier : filters;
        const weights = {
          depthwise_kernel: [...size, 3, multiplier],
          ...(kind === 'DepthwiseConv2D' ? {} : { pointwise_kernel: [1, 1, 3 * multiplier, filters] }),
          ...(useBias ? { bias: [outputs] } : {}),
        };
        const layer = { kind, config: { ...config, filters, depth_multiplier: multiplier }, weights };
        const shape = [lengthOf(rows, size[0], stride, padding), lengthOf(columns, size[1], stride, padding), outputs];
        await expectSame(pair, between([layer], shape), optimizer, JSON.stringify([layer, drawn]));
      },
    );
    await fc.assert(property, { seed: 31, numRuns: 20 });
  });

  it('take means and maxima of windows as tfjs does, at edges and where windows overlap', async () => {
    const property = fc.asyncProperty(
      windows,
      fc.constantFrom('AveragePooling2D', 'MaxPooling2D'),
      optimizers,
      async ({ size, strides, padding }, kind, optimizer) => {
        const config = { pool_size: size, strides, padding };
        const shape = [
          lengthOf(rows, size[0], strides[0], padding),
          lengthOf(columns, size[1], strides[1], padding),
          3,
        ];
        await expectSame(pair, between([{ kind, config }], shape), optimizer, JSON.stringify([kind, config]));
      },
    );
    await fc.assert(property, { seed: 32, numRuns: 24 });
  });

  it('slide along one dimension as tfjs does', async () => {
    const property = fc.asyncProperty(
      fc.record({ size: upTo(4), stride: upTo(3), padding: paddings }),
      fc.constantFrom('Conv1D', 'MaxPooling1D', 'AveragePooling1D'),
      fc.constantFrom('linear', 'relu', 'elu'),
      optimizers,
      async ({ size, stride, padding }, kind, activation, optimizer) => {
        const layer =
          kind === 'Conv1D'
            ? convolution(kind, [size], [3, 4], { strides: stride, padding, activation })
            : { kind, config: { pool_size: size, strides: stride, padding } };
        const shape = [lengthOf(14, size, stride, padding), kind === 'Conv1D' ? 4 : 3];
        await expectSame(pair, between([layer], shape, line), optimizer, JSON.stringify(layer));
      },
    );
    await fc.assert(property, { seed: 33, numRuns: 24 });
  });

  it('take the mean or the largest of whole planes and lines', async () => {
    for (const kind of ['Average', 'Max']) {
      await expectSame(pair, between([{ kind: `Global${kind}Pooling2D` }], [3]), 'adam', kind);
      await expectSame(pair, between([{ kind: `Global${kind}Pooling1D` }], [3], line), 'adam', kind);
      // relu makes equal numbers; each of them has the whole gradient.
      const zeros = { ...first[0]!, config: { ...first[0]!.config, activation: 'relu' } };
      await expectSame(pair, between([{ kind: `Global${kind}Pooling2D` }], [3], [zeros]), 'sgd', kind);
    }
  });

  it('put zeros around planes', async () => {
    for (const [padding, [height, width]] of [
      [undefined, [9, 8]],
      [2, [11, 10]],
      [
        [1, 0],
        [9, 6],
      ],
      [
        [
          [0, 1],
          [2, 3],
        ],
        [8, 11],
      ],
    ] as const) {
      const layer = { kind: 'ZeroPadding2D', config: padding === undefined ? {} : { padding } };
      await expectSame(pair, between([layer], [height, width, 3]), 'momentum', JSON.stringify(padding));
    }
  });

  it('merge what several layers give, equal numbers too', async () => {
    for (const kind of ['Add', 'Average', 'Multiply', 'Maximum', 'Minimum', 'Concatenate']) {
      for (const activation of ['tanh', 'relu']) {
        const branch = (...from: number[]): LinkedLayer => ({
          ...convolution('Conv2D', [1, 1], [channels, 3], { activation }),
          from,
        });
        const flat = rows * columns * (kind === 'Concatenate' ? 9 : 3);
        const layers: LinkedLayer[] = [
          branch(0),
          branch(0),
          branch(0),
          { kind, config: {}, from: [1, 2, 3] },
          { kind: 'Flatten', from: [4] },
          { ...dense(flat, 3, softmax), from: [5] },
        ];
        await expectSame(pair, linked([rows, columns, channels], layers, 9), 'momentum', `${kind} ${activation}`);
      }
    }
    for (const axis of [1, 2, 3, -1]) {
      const layers: LinkedLayer[] = [
        { ...convolution('Conv2D', [1, 1], [channels, 3]), from: [0] },
        { kind: 'Concatenate', config: { axis }, from: [1, 1] },
        { kind: 'Flatten', from: [2] },
        { ...dense(rows * columns * 6, 3, softmax), from: [3] },
      ];
      await expectSame(pair, linked([rows, columns, channels], layers, 9), 'sgd', `Concatenate ${axis}`);
    }
  });

  it('normalize each example along any axes', async () => {
    for (const [axis, own] of [
      [-1, [3]],
      [
        [2, 3],
        [columns, 3],
      ],
      [
        [1, 2, 3],
        [rows, columns, 3],
      ],
      [1, [rows]],
    ] as const) {
      const layer = { kind: 'LayerNormalization', config: { axis, epsilon: 0.01 }, weights: { gamma: own, beta: own } };
      // No bias before it: what the normalization takes out has a gradient of rounding only, and Adam makes whole steps of that.
      const before = [convolution('Conv2D', [1, 1], [channels, 3], { use_bias: false })];
      await expectSame(pair, between([layer], [rows, columns, 3], before), 'adam', `axis ${axis}`);
    }
  });

  for (const [reason, layer] of [
    [
      'DepthwiseConv2D of channels first is not lowered',
      { kind: 'DepthwiseConv2D', config: { data_format: 'channelsFirst' } },
    ],
    [
      'AveragePooling2D of channels first is not lowered',
      { kind: 'AveragePooling2D', config: { data_format: 'channelsFirst' } },
    ],
  ] as const) {
    it(`say what is not covered: ${reason}`, async () => {
      const { config } = layer;
      const given = layer.kind === 'DepthwiseConv2D' ? { depthwise_kernel: [1, 1, rows, 1], bias: [rows] } : {};
      const whole = { kind: layer.kind, config: { kernel_size: 1, pool_size: 1, ...config }, weights: given };
      const model = sequential(
        [rows, columns, channels],
        [whole, { kind: 'Flatten' }, dense(rows * columns * channels, 3)],
      );
      const error = await errorOf(pair.onnx.fit(fitOf(model)));
      expect([error.detail.rule, error.detail.offered]).to.deep.equal(['engine.lowering', reason]);
    });
  }
});
