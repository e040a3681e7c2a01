import { expect } from 'chai';
import fc from 'fast-check';
import {
  classified,
  dense,
  distance,
  fitOf,
  linked,
  openPair,
  type Pair,
  type SmallLayer,
  type SmallModel,
  sequential,
} from './small-models.js';

const plane = [4, 6, 2] as const;
/** Sums over places and channels, in another order; measured 5e-7. */
const tolerance = 2e-5;

describe('pooling by windows side by side, as an ONNX graph', () => {
  let pair: Pair;
  before(async function () {
    const opened = await openPair(classified(14, plane, 3));
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  it('passes slopes on as tfjs does, whatever the windows and the activation before', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(1, 2, 4),
      fc.constantFrom(1, 2, 3, 6),
      fc.constantFrom('relu', 'linear', 'tanh'),
      fc.constantFrom('same', 'valid'),
      async (rows, columns, activation, padding) => {
        const model = pooled([rows, columns], conv({ activation }), padding);
        const { apart, moved } = await distance(pair, fitOf(model, { steps: 3 }));
        expect(apart).to.be.at.most(tolerance);
        expect(moved).to.be.greaterThan(0);
      },
    );
    await fc.assert(property, { seed: 23, numRuns: 24 });
  });

  it('lets the first of equal numbers have it all, row by row', async () => {
    for (const activation of ['relu', 'linear']) {
      const { model, weights } = pooled([2, 3], conv({ activation }), 'valid');
      // A kernel of zeros: every number is the bias.
      const equal = weights.map((one) =>
        one.name === 'layer_0/kernel' ? { ...one, values: one.values.map(() => 0) } : one,
      );
      const raised = equal.map((one) =>
        one.name === 'layer_0/bias' ? { ...one, values: one.values.map(() => 0.5) } : one,
      );
      const { apart, moved } = await distance(pair, fitOf({ model, weights: raised }, { steps: 1 }));
      expect(apart, activation).to.be.at.most(tolerance);
      expect(moved, activation).to.be.greaterThan(0);
    }
  });

  it('keeps to the slope of a ReLU that goes elsewhere too', async () => {
    const model = linked(
      plane,
      [
        { ...conv({ activation: 'relu' }), from: [0] },
        { ...pool([2, 3], 'valid'), from: [1] },
        { kind: 'Flatten', from: [2] },
        { kind: 'GlobalAveragePooling2D', from: [1] },
        { kind: 'Concatenate', config: { axis: -1 }, from: [3, 4] },
        { ...dense(2 * 2 * 3 + 3, 3, { activation: 'softmax' }), from: [5] },
      ],
      4,
    );
    expect((await distance(pair, fitOf(model, { steps: 3 }))).apart).to.be.at.most(tolerance);
  });
});

function conv(config: Readonly<Record<string, unknown>>): SmallLayer {
  return {
    kind: 'Conv2D',
    config: { filters: 3, kernel_size: [3, 3], padding: 'same', ...config },
    weights: { kernel: [3, 3, 2, 3], bias: [3] },
  };
}

function pool(size: readonly [number, number], padding: string): SmallLayer {
  return { kind: 'MaxPooling2D', config: { pool_size: size, strides: size, padding } };
}

function pooled(size: readonly [number, number], before: SmallLayer, padding: string): SmallModel {
  const windows = (plane[0] / size[0]) * (plane[1] / size[1]);
  const ending = dense(windows * 3, 3, { activation: 'softmax' });
  return sequential(plane, [before, pool(size, padding), { kind: 'Flatten' }, ending]);
}
