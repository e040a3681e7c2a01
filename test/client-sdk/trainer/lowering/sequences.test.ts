import type { DataSet } from '@concordat/client-sdk';
import { expect } from 'chai';
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
