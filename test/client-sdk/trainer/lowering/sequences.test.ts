import type { DataSet } from '@concordat/client-sdk';
import { expect } from 'chai';
import fc from 'fast-check';
import { errorOf } from '../../../support/error-of.js';
import {
  classified,
  dense,
  expectSame,
  fitOf,
  openPair,
  type Pair,
  type SmallLayer,
  type SmallModel,
  sequential,
} from './small-models.js';

const [length, words, width] = [5, 4, 3];
const softmax = { activation: 'softmax' };

/** Sequences of word numbers, some twice in one of them. */
function written(examples: number): DataSet {
  const drawn = classified(examples, [length], 3);
  return { ...drawn, inputs: Float32Array.from(drawn.inputs, (x) => Math.floor(((x + 1) / 2) * words)) };
}

function embedding(config: Readonly<Record<string, unknown>> = {}): SmallLayer {
  return {
    kind: 'Embedding',
    config: { input_dim: words, output_dim: width, ...config },
    weights: { embeddings: [words, width] },
  };
}

describe('layers of words as ONNX graphs', () => {
  let pair: Pair;
  before(async function () {
    const opened = await openPair(written(14));
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  const spoken = (first: SmallLayer): SmallModel =>
    sequential([length], [first, { kind: 'Flatten' }, dense(length * width, 3, softmax)]);

  it('move the rows of a table that were looked up, as tfjs does', async () => {
    for (const optimizer of ['sgd', 'momentum', 'adam']) {
      await expectSame(pair, spoken(embedding()), optimizer, optimizer);
      const mean: SmallLayer[] = [embedding(), { kind: 'GlobalAveragePooling1D' }, dense(width, 3, softmax)];
      await expectSame(pair, sequential([length], mean), optimizer, `mean ${optimizer}`);
    }
  });

  it('give the same bits twice where a row was looked up many times', async () => {
    const request = fitOf(spoken(embedding()), { steps: 20 });
    expect((await pair.onnx.fit(request)).weights).to.deep.equal((await pair.onnx.fit(request)).weights);
  });

  it('say that masked words are not covered', async () => {
    const error = await errorOf(pair.onnx.fit(fitOf(spoken(embedding({ mask_zero: true })))));
    expect([error.detail.rule, error.detail.offered]).to.deep.equal([
      'engine.lowering',
      'Embedding that masks zeros is not lowered',
    ]);
  });
});

/** How many products a cell takes of each input. */
const gates: Readonly<Record<string, number>> = { SimpleRNN: 1, GRU: 3, LSTM: 4 };

function cell(kind: string, inputs: number, units: number, config: Readonly<Record<string, unknown>> = {}): SmallLayer {
  const wide = gates[kind]! * units;
  return {
    kind,
    config: { units, ...config },
    weights: {
      kernel: [inputs, wide],
      recurrent_kernel: [units, wide],
      ...(config.use_bias === false ? {} : { bias: [wide] }),
    },
  };
}

describe('recurrent layers as ONNX graphs', () => {
  let pair: Pair;
  before(async function () {
    const opened = await openPair(classified(14, [12], 3));
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  /** 12 numbers as a sequence, trained weights before it and behind it. */
  const sequence = (steps: number, layers: readonly SmallLayer[], outputs: number): SmallModel => {
    const features = 12 / steps;
    const line: SmallLayer[] = [{ kind: 'Reshape', config: { target_shape: [steps, features] } }, dense(features, 3)];
    return sequential([12], [...line, ...layers, dense(outputs, 3, softmax)]);
  };

  it('remember as tfjs does, whatever the steps, units and activations', async () => {
    const bends = fc.constantFrom('tanh', 'relu', 'sigmoid', 'hard_sigmoid', 'softsign', null);
    const property = fc.asyncProperty(
      fc.constantFrom('SimpleRNN', 'GRU', 'LSTM'),
      // tfjs itself cannot train a sequence of one step.
      fc.constantFrom(2, 3, 4, 6),
      fc.integer({ min: 1, max: 4 }),
      fc.record({ activation: bends, recurrent_activation: bends, use_bias: fc.boolean() }, { requiredKeys: [] }),
      fc.constantFrom('sgd', 'momentum', 'adam'),
      async (kind, steps, units, config, optimizer) => {
        const model = sequence(steps, [cell(kind, 3, units, config)], units);
        await expectSame(pair, model, optimizer, JSON.stringify([kind, steps, units, config]));
      },
    );
    await fc.assert(property, { seed: 41, numRuns: 18 });
  });

  it('give every step to the next layer where they are told to', async () => {
    for (const kind of ['SimpleRNN', 'GRU', 'LSTM']) {
      for (const next of ['GRU', 'LSTM']) {
        const layers = [cell(kind, 3, 4, { return_sequences: true }), cell(next, 4, 2)];
        await expectSame(pair, sequence(4, layers, 2), 'adam', `${kind} ${next}`);
      }
      const all = [cell(kind, 3, 4, { return_sequences: true }), { kind: 'Flatten' }];
      await expectSame(pair, sequence(6, all, 24), 'momentum', kind);
    }
  });

  it('leave sequences whose steps are too many to the next engine', async () => {
    const padding = [
      [0, 488],
      [0, 0],
    ];
    const long: SmallLayer[] = [
      { kind: 'Reshape', config: { target_shape: [12, 1, 1] } },
      { kind: 'ZeroPadding2D', config: { padding } },
      { kind: 'Reshape', config: { target_shape: [500, 1] } },
      cell('LSTM', 1, 1),
      dense(1, 3, softmax),
    ];
    const error = await errorOf(pair.onnx.fit(fitOf(sequential([12], long))));
    expect(error.detail.rule).to.equal('engine.lowering');
    expect(error.detail.offered).to.match(/^a step of \d+ nodes is not lowered$/);
  });

  for (const [reason, config] of [['LSTM with goBackwards is not lowered', { go_backwards: true }]] as const) {
    it(`say what is not covered: ${reason}`, async () => {
      const error = await errorOf(pair.onnx.fit(fitOf(sequence(4, [cell('LSTM', 3, 2, config)], 2))));
      expect([error.detail.rule, error.detail.offered]).to.deep.equal(['engine.lowering', reason]);
    });
  }
});
