import { expect } from 'chai';
import fc from 'fast-check';
import { errorOf } from '../../../support/error-of.js';
import {
  classified,
  dense,
  distance,
  fitOf,
  linked,
  openPair,
  type Pair,
  type SmallLayer,
  sequential,
} from './small-models.js';

const activations = [
  ...['linear', 'relu', 'relu6', 'sigmoid', 'hard_sigmoid', 'softplus', 'softsign', 'tanh', 'softmax', 'log_softmax'],
  ...['elu', 'selu', 'gelu', 'swish', 'mish'],
];
/** Whose outputs a logarithm can be taken of. Of others tfjs makes NaN too, or clips them where float32 ends. */
const probable = ['sigmoid', 'hard_sigmoid', 'softmax'];
const losses = [
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
  'binaryCrossentropy',
  'meanSquaredError',
] as const;
const optimizers = ['sgd', 'momentum', 'adam'] as const;

/** float32 sums in another order, through at most four layers; measured 3e-7 at one step. */
const oneStep = 2e-5;
/** Ten steps carry on what the first ones differ by. Measured 2e-6. */
const tenSteps = 2e-4;

describe('a training step as an ONNX graph', () => {
  let pair: Pair;
  before(async function () {
    // 30 examples in batches of 4: the last one of a pass has 2.
    const opened = await openPair(classified(30, [6], 3));
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  for (const loss of losses) {
    it(`moves weights as tfjs does, every activation inside and at the end: ${loss}`, async () => {
      for (const activation of activations) {
        for (const name of optimizers) {
          const model = sequential([6], [dense(6, 5, { activation }), dense(5, 3, { activation: 'sigmoid' })]);
          const last = loss === 'meanSquaredError' || probable.includes(activation) ? activation : 'sigmoid';
          const ending = sequential([6], [dense(6, 5, { activation: 'tanh' }), dense(5, 3, { activation: last })]);
          for (const [which, one] of Object.entries({ model, ending })) {
            for (const [steps, tolerance] of [
              [1, oneStep],
              [10, tenSteps],
            ] as const) {
              const request = fitOf(one, { loss, optimizer: { name, learningRate: 0.01 }, steps });
              const { apart, moved } = await distance(pair, request);
              expect(apart, `${which} ${activation} ${name} ${steps}`).to.be.at.most(tolerance);
              expect(moved, `${which} ${activation} ${name} ${steps}`).to.be.greaterThan(0);
            }
          }
        }
      }
    });
  }

  it('moves weights as tfjs does for models of any layers that it covers', async () => {
    const anyActivation = fc.constantFrom(...activations);
    const middle: fc.Arbitrary<readonly SmallLayer[]> = fc.oneof(
      anyActivation.map((activation) => [{ kind: 'Activation', config: { activation } }]),
      fc
        .constantFrom<SmallLayer>(
          { kind: 'Dropout', config: { rate: 0 } },
          { kind: 'ReLU' },
          { kind: 'ReLU', config: { max_value: 0.5 } },
          { kind: 'LeakyReLU', config: { alpha: 0.2 } },
          { kind: 'ELU', config: { alpha: 1 } },
          { kind: 'Softmax', config: { axis: -1 } },
        )
        .map((layer) => [layer]),
      anyActivation.map((activation) => [dense(6, 6, { activation })]),
      // Along the last of three axes, and back.
      anyActivation.map((activation) => [
        { kind: 'Reshape', config: { target_shape: [2, 3] } },
        dense(3, 3, { activation }),
        { kind: 'Flatten' },
      ]),
    );
    const property = fc.asyncProperty(
      fc.array(middle, { maxLength: 3 }),
      fc.constantFrom(...losses),
      fc.constantFrom(...optimizers),
      fc.constantFrom('softmax', 'sigmoid'),
      fc.nat(1000),
      async (layers, loss, name, ending, seed) => {
        const model = sequential([6], [...layers.flat(), dense(6, 3, { activation: ending })], seed);
        const optimizer = { name, learningRate: 0.01 };
        expect((await distance(pair, fitOf(model, { loss, optimizer, steps: 1 }))).apart).to.be.at.most(oneStep);
        expect((await distance(pair, fitOf(model, { loss, optimizer, steps: 10 }))).apart).to.be.at.most(tenSteps);
      },
    );
    await fc.assert(property, { seed: 20, numRuns: 60 });
  });

  it('clips probabilities where tfjs clips them, and trains a clipped class no more', async () => {
    const model = sequential([6], [dense(6, 3, { activation: 'softmax' })]);
    const certain = { ...model, weights: model.weights.map((t) => ({ ...t, values: t.values.map((x) => 40 * x) })) };
    for (const loss of losses) {
      expect((await distance(pair, fitOf(certain, { loss, steps: 8 }))).apart, loss).to.be.at.most(tenSteps);
    }
  });

  it('leaves what is not trainable as it is, and what comes before alone', async () => {
    const model = sequential([6], [dense(6, 5, { activation: 'relu' }), dense(5, 3, { trainable: false })]);
    const { apart, moved } = await distance(pair, fitOf(model, { loss: 'meanSquaredError' }));
    expect(apart).to.be.at.most(tenSteps);
    expect(moved).to.be.greaterThan(0);
    const { weights } = await pair.onnx.fit(fitOf(model, { loss: 'meanSquaredError' }));
    expect(weights.slice(2)).to.deep.equal(model.weights.slice(2));
  });

  it('reads functional models, and layers without a bias', async () => {
    const hidden = {
      kind: 'Dense',
      config: { units: 4, use_bias: false, activation: 'tanh' },
      weights: { kernel: [6, 4] },
    };
    const model = linked(
      [6],
      [
        { ...hidden, from: [0] },
        { ...dense(4, 3, { activation: 'softmax' }), from: [1] },
      ],
      3,
    );
    expect((await distance(pair, fitOf(model))).apart).to.be.at.most(tenSteps);
  });

  it('gives the same bits twice', async () => {
    const request = fitOf(sequential([6], [dense(6, 5, { activation: 'gelu' }), dense(5, 3)]), {
      loss: 'meanSquaredError',
      optimizer: { name: 'adam', learningRate: 0.01 },
      steps: 25,
    });
    expect((await pair.onnx.fit(request)).weights).to.deep.equal((await pair.onnx.fit(request)).weights);
  });

  for (const [reason, layers] of [
    ['layer GaussianNoise is not lowered', [{ kind: 'GaussianNoise', config: { stddev: 1 } }]],
    [
      'Softmax along axis 1 is not lowered',
      [
        { kind: 'Reshape', config: { target_shape: [2, 3] } },
        { kind: 'Softmax', config: { axis: 1 } },
        { kind: 'Flatten' },
      ],
    ],
  ] as [string, SmallLayer[]][]) {
    it(`is refused where it was asked for by name and cannot be made: ${reason}`, async () => {
      const error = await errorOf(pair.onnx.fit(fitOf(sequential([6], [...layers, dense(6, 3)]))));
      expect([error.code, error.detail.rule, error.detail.offered]).to.deep.equal([
        'refused',
        'engine.lowering',
        reason,
      ]);
    });
  }

  it('is refused for weights that the topology does not have, as ever', async () => {
    const { model, weights } = sequential([6], [dense(6, 3)]);
    const error = await errorOf(pair.onnx.fit(fitOf({ model, weights: weights.slice(1) })));
    expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'model.tensors']);
  });
});
