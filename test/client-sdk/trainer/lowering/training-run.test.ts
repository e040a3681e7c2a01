import type { NamedTensor } from '@concordat/core';
import { expect } from 'chai';
import { numbers } from '../../../support/seeded-numbers.js';
import { dense, fitOf, openPair, type Pair, sequential } from './small-models.js';

describe('steps that are computed together', () => {
  const same = numbers(6, 5);
  const alike = {
    examples: 10,
    inputShape: [6],
    inputs: Float32Array.from({ length: 60 }, (_, i) => same[i % 6]!),
    targets: { kind: 'classes', labels: new Uint8Array(10).fill(2) },
  } as const;
  let pair: Pair;
  before(async function () {
    const opened = await openPair(alike);
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  const model = sequential([6], [dense(6, 5, { activation: 'relu' }), dense(5, 3, { activation: 'softmax' })]);

  it('give the bits of the same steps one by one', async () => {
    const steps = 50;
    const together = await pair.onnx.fit(fitOf(model, { steps }));
    let weights: readonly NamedTensor[] = model.weights;
    for (let step = 0; step < steps; step++) {
      ({ weights } = await pair.onnx.fit(fitOf({ ...model, weights }, { steps: 1 })));
    }
    expect(together.weights).to.deep.equal(weights);
  });

  it('keep to the examples of their own batches, smaller last ones included', async () => {
    const losses: number[] = [];
    const fit = fitOf(model, { steps: 41, batchSize: 4 });
    const onProgress = ({ step, metrics }: { step: number; metrics?: { loss?: number } }): void => {
      losses.push(step, metrics!.loss!);
    };
    const ours = await pair.onnx.fit({ ...fit, onProgress });
    const told = losses.splice(0);
    const theirs = await pair.reference.fit({ ...fit, onProgress });
    expect(told.filter((_, i) => i % 2 === 0)).to.deep.equal([0, 20, 40]);
    for (const [i, value] of told.entries()) expect(value).to.be.closeTo(losses[i]!, 1e-5);
    for (const [i, { values }] of ours.weights.entries()) {
      for (const [k, value] of values.entries()) expect(value).to.be.closeTo(theirs.weights[i]!.values[k]!, 2e-4);
    }
  });
});
