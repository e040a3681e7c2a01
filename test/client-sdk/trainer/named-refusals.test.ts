import { createTrainer, type DataSet, type EngineName, type FitRequest, type Trainer } from '@concordat/client-sdk';
import type { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { errorOf } from '../../support/error-of.js';
import { classified, dense, fitOf, type SmallLayer, type SmallModel, sequential } from './lowering/small-models.js';

const engines: readonly EngineName[] = ['onnxruntime', 'tfjs-wasm', 'tfjs-cpu'];

const good = sequential([6], [dense(6, 5, { activation: 'tanh' }), dense(5, 3, { activation: 'softmax' })]);
const linear = sequential([6], [dense(6, 3)]);
const frozen = sequential([6], [dense(6, 3, { activation: 'softmax', trainable: false })]);

/** tfjs has no gradient of a convolution with holes. */
const dilated = sequential(
  [6],
  [
    { kind: 'Reshape', config: { target_shape: [6, 1, 1] } },
    {
      kind: 'Conv2D',
      config: { filters: 2, kernel_size: [2, 1], dilation_rate: [2, 1] },
      weights: { kernel: [2, 1, 1, 2], bias: [2] },
    },
    { kind: 'Flatten' } satisfies SmallLayer,
    dense(8, 3, { activation: 'softmax' }),
  ],
);

/** A table of so many words. */
const spoken = (words: number): SmallModel =>
  sequential(
    [6],
    [
      { kind: 'Embedding', config: { input_dim: words, output_dim: 2 }, weights: { embeddings: [words, 2] } },
      { kind: 'Flatten' },
      dense(12, 3, { activation: 'softmax' }),
    ],
  );

const records = classified(24, [6], 3);

/** Words 0 to 2. */
const text: DataSet = { ...records, inputs: Float32Array.from(records.inputs, (x) => Math.floor(1.5 * (x + 1))) };

/** One value of one example is not a number. */
const damaged: DataSet = {
  ...records,
  inputs: Float32Array.from(records.inputs, (x, i) => (i === 50 ? Number.NaN : x)),
};

function withWeight({ model, weights }: SmallModel, value: number): SmallModel {
  const [first, ...others] = weights;
  return { model, weights: [{ ...first!, values: first!.values.map((x, i) => (i === 4 ? value : x)) }, ...others] };
}

const told = ({ code, detail }: FederatedError) => [code, detail.rule, detail.offered];

for (const engine of engines) {
  describe(`what ${engine} refuses by name`, () => {
    let trainer: Trainer;
    let ofDamaged: Trainer;
    let ofText: Trainer;
    const refused = async (request: FitRequest, by = trainer) => errorOf(by.fit(request));

    before(async function () {
      const open = (dataSet: DataSet) => createTrainer({ data: { dataSet }, participant: 'acme', engine });
      const opened = await open(records).catch(
        (error: Error) => void process.stderr.write(`skipped: ${error.message}\n`),
      );
      if (opened === undefined) return this.skip();
      trainer = opened;
      ofDamaged = await open(damaged);
      ofText = await open(text);
    });
    // Whatever was refused, the thread serves on.
    afterEach(async () => {
      expect((await trainer.fit(fitOf(good))).examples).to.equal(22);
    });
    after(() => Promise.all([trainer?.close(), ofDamaged?.close(), ofText?.close()]));

    it('is a record that is not a number', async () => {
      const error = await refused(fitOf(good), ofDamaged);
      // Where wasm clips probabilities it makes a bound of NaN: the loss looks well, and the weights tell.
      const rule = engine === 'tfjs-wasm' ? 'update.finite' : 'training.loss';
      expect(told(error)).to.deep.equal(['refused', rule, 'NaN']);
      expect(error.fix).to.match(
        /^Lower the learning rate or check the records|^Lower the learning rate, or look for records/,
      );
      if (rule === 'training.loss') expect(error.detail.step).to.be.within(1, 10);
    });

    it('is a training that diverges, long before its last step', async () => {
      const task = { loss: 'meanSquaredError', optimizer: { name: 'sgd', learningRate: 1e30 }, steps: 1_000_000 };
      const error = await refused(fitOf(linear, task));
      expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'training.loss']);
      expect(error.detail.step).to.be.within(2, 4);
    });

    it('is a model whose last step was one too far, by tensor', async () => {
      const task = { loss: 'meanSquaredError', optimizer: { name: 'sgd', learningRate: 1e39 }, steps: 1 };
      const error = await refused(fitOf(linear, task));
      expect([error.code, error.detail.rule, error.detail.tensor]).to.deep.equal([
        'refused',
        'update.finite',
        'layer_0/kernel',
      ]);
    });

    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      it(`is a model to train or to measure that holds ${value}, by tensor and index`, async () => {
        const { model, weights } = withWeight(good, value);
        const { loss } = fitOf(good).task;
        const errors = [
          await refused(fitOf({ model, weights })),
          await errorOf(trainer.evaluate({ model, weights, loss })),
        ];
        for (const error of errors) {
          expect(told(error)).to.deep.equal(['refused', 'model.finite', String(value)]);
          expect([error.detail.tensor, error.detail.index]).to.deep.equal(['layer_0/kernel', 4]);
        }
      });
    }

    it('is a word that the table of the model does not have, in training as in measuring', async () => {
      const { model, weights } = spoken(2);
      const ask = { model, weights, loss: fitOf(good).task.loss };
      for (const error of [await refused(fitOf({ model, weights }), ofText), await errorOf(ofText.evaluate(ask))]) {
        expect(told(error)).to.deep.equal(['refused', 'data.words', '2']);
        expect(error.detail.required).to.equal('0 to 1');
      }
      expect((await ofText.fit(fitOf(spoken(3)))).examples).to.equal(22);
    });

    it('is a model without a weight to train', async () => {
      const error = await refused(fitOf(frozen));
      expect(told(error)).to.deep.equal(['refused', 'model.trainable', '2 weights, none of them trainable']);
    });

    it('is a layer that it cannot train, with the reason', async () => {
      const error = await refused(fitOf(dilated));
      if (engine === 'onnxruntime') return expect(error.detail.rule).to.equal('engine.lowering');
      expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'model.trainable']);
      expect(error.message).to.match(/^tfjs cannot compute this model: .*dilation/);
      expect(error.fix).to.include('docs/trainers.md');
    });
  });
}
