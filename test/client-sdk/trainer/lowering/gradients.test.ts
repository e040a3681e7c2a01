import { expect } from 'chai';
import { affine, difference, sigmoid } from './float64.js';
import { classified, dense, fitOf, openPair, type Pair, sequential } from './small-models.js';

/** Of tfjs-layers, in float64. */
const functions: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  sigmoid,
  hard_sigmoid: (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  tanh: Math.tanh,
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  swish: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
};

/** Of a [3] that is right about class `k`; the mean over a batch is taken outside. */
const losses: Readonly<Record<string, (p: readonly number[], k: number) => number>> = {
  categoricalCrossentropy: (p, k) => -Math.log(p[k]! / p.reduce((sum, x) => sum + x)),
  binaryCrossentropy: (p, k) => p.reduce((sum, x, i) => sum - Math.log(i === k ? x : 1 - x), 0) / p.length,
  meanSquaredError: (p, k) => p.reduce((sum, x, i) => sum + (x - (i === k ? 1 : 0)) ** 2, 0) / p.length,
};

function softplus(x: number): number {
  return Math.log1p(Math.exp(x));
}

describe('the gradient of a lowered step', () => {
  const [examples, inputs, units, classes] = [8, 4, 5, 3];
  let pair: Pair;
  before(async function () {
    const opened = await openPair(classified(examples, [inputs], classes));
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  for (const [lossName, loss] of Object.entries(losses)) {
    it(`is the finite difference of the loss in float64, to 2e-5, for every activation: ${lossName}`, async () => {
      for (const [activation, f] of Object.entries(functions)) {
        const model = sequential(
          [inputs],
          [dense(inputs, units, { activation }), dense(units, classes, { activation: 'sigmoid' })],
        );
        // One step of rate 1 over all examples: the change is the gradient, with its sign turned.
        const request = fitOf(model, {
          loss: lossName,
          optimizer: { name: 'sgd', learningRate: 1 },
          batchSize: examples,
          steps: 1,
        });
        const { weights } = await pair.onnx.fit(request);
        const at = model.weights.map(({ values }) => Float64Array.from(values));
        const meanLoss = () => forwardLoss(at, f, loss);
        for (const [i, { values }] of weights.entries()) {
          for (const [k, value] of values.entries()) {
            const slope = difference(at[i]!, k, meanLoss);
            expect(model.weights[i]!.values[k]! - value, `${activation} ${i} ${k}`).to.be.closeTo(slope, 2e-5);
          }
        }
      }
    });
  }

  const data = classified(examples, [inputs], classes);
  const x = data.inputs as Float32Array;
  const labels = data.targets.kind === 'classes' ? data.targets.labels : [];

  function forwardLoss(
    [kernel1, bias1, kernel2, bias2]: readonly Float64Array[],
    f: (x: number) => number,
    loss: (p: readonly number[], k: number) => number,
  ): number {
    let sum = 0;
    for (let row = 0; row < examples; row++) {
      const hidden = affine(x.subarray(row * inputs, (row + 1) * inputs), kernel1!, bias1!).map(f);
      sum += loss(affine(hidden, kernel2!, bias2!).map(sigmoid), labels[row]!);
    }
    return sum / examples;
  }
});
