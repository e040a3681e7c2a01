import type { DataSet } from '@concordat/client-sdk';
import { expect } from 'chai';
import { affine, difference, sigmoid } from './float64.js';
import { classified, dense, fitOf, openPair, type Pair, type SmallLayer, sequential } from './small-models.js';

const [examples, steps, features, units, classes] = [5, 3, 2, 2, 3];
type Weights = readonly Float64Array[];
type Remember = (sequence: readonly number[][], weights: Weights) => number[];

const cut = (values: readonly number[], width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** Hochreiter and Schmidhuber's cell with a forget gate; gates i, f, c, o. */
const lstm: Remember = (sequence, [kernel, recurrent, bias]) => {
  let [h, c] = [zeros(units), zeros(units)];
  for (const x of sequence) {
    const z = affine(x, kernel!, bias!).map((one, j) => one + affine(h, recurrent!, zeros(4 * units))[j]!);
    const [i, f, candidate, o] = cut(z, units);
    c = c.map((one, j) => sigmoid(f![j]!) * one + sigmoid(i![j]!) * Math.tanh(candidate![j]!));
    h = c.map((one, j) => sigmoid(o![j]!) * Math.tanh(one));
  }
  return h;
};

/** Cho's cell; gates z, r, h. */
const gru: Remember = (sequence, [kernel, recurrent, bias]) => {
  let h = zeros(units);
  /** Of the recurrent kernel's columns one gate's. */
  const part = (gate: number): number[] =>
    cut([...recurrent!], 3 * units).flatMap((row) => row.slice(gate * units, (gate + 1) * units));
  for (const x of sequence) {
    const [xz, xr, xh] = cut(affine(x, kernel!, bias!), units);
    const update = affine(h, part(0), xz!).map(sigmoid);
    const reset = affine(h, part(1), xr!).map(sigmoid);
    const kept = h.map((one, j) => one * reset[j]!);
    const candidate = affine(kept, part(2), xh!).map(Math.tanh);
    h = h.map((one, j) => update[j]! * one + (1 - update[j]!) * candidate[j]!);
  }
  return h;
};

/** Each step by its own mean and variance, and the mean of all steps. */
const normalized: Remember = (sequence, [gamma, beta]) => {
  const lines = sequence.map((x) => {
    const mean = x.reduce((sum, one) => sum + one) / x.length;
    const variance = x.reduce((sum, one) => sum + (one - mean) ** 2, 0) / x.length;
    return x.map((one, j) => ((one - mean) / Math.sqrt(variance + 0.1)) * gamma![j]! + beta![j]!);
  });
  return zeros(features).map((_, j) => lines.reduce((sum, line) => sum + line[j]!, 0) / steps);
};

const cell = (kind: string, gates: number): SmallLayer => ({
  kind,
  config: { units, recurrent_activation: 'sigmoid' },
  weights: { kernel: [features, gates * units], recurrent_kernel: [units, gates * units], bias: [gates * units] },
});

const cases: Readonly<Record<string, readonly [readonly SmallLayer[], Remember]>> = {
  LSTM: [[cell('LSTM', 4)], lstm],
  GRU: [[cell('GRU', 3)], gru],
  LayerNormalization: [
    [
      { kind: 'LayerNormalization', config: { epsilon: 0.1 }, weights: { gamma: [features], beta: [features] } },
      { kind: 'GlobalAveragePooling1D' },
    ],
    normalized,
  ],
};

describe('the gradient of a lowered sequence', () => {
  const data: DataSet = classified(examples, [steps * features], classes);
  let pair: Pair;
  before(async function () {
    const opened = await openPair(data);
    if (opened === undefined) return this.skip();
    pair = opened;
  });
  after(() => pair?.close());

  for (const [kind, [layers, remember]] of Object.entries(cases)) {
    it(`is the finite difference of the loss in float64, to 2e-6: ${kind}`, async () => {
      const line: SmallLayer = { kind: 'Reshape', config: { target_shape: [steps, features] } };
      const model = sequential([steps * features], [line, dense(features, features), ...layers, dense(units, classes)]);
      const at = model.weights.map(({ values }) => Float64Array.from(values));
      const labels = data.targets.kind === 'classes' ? [...data.targets.labels] : [];
      const loss = (): number => {
        const [kernel, bias, ...rest] = at;
        const [own, [lastKernel, lastBias]] = [rest.slice(0, -2), rest.slice(-2)];
        const each = labels.map((label, row) => {
          const given = Array.from(data.inputs.slice(row * steps * features, (row + 1) * steps * features));
          const sequence = cut(given, features).map((x) => affine(x, kernel!, bias!));
          const outputs = affine(remember(sequence, own), lastKernel!, lastBias!);
          return outputs.reduce((sum, y, k) => sum + (y - (k === label ? 1 : 0)) ** 2, 0) / classes;
        });
        return each.reduce((sum, one) => sum + one) / examples;
      };
      // One step of rate 1 over all examples: the change is the gradient, with its sign turned.
      const task = { loss: 'meanSquaredError', optimizer: { name: 'sgd', learningRate: 1 }, batchSize: examples };
      for (const trainer of [pair.onnx, pair.reference]) {
        const { weights } = await trainer.fit(fitOf(model, { ...task, steps: 1 }));
        for (const [i, { values, name }] of weights.entries()) {
          for (const [k, value] of values.entries()) {
            const slope = difference(at[i]!, k, loss);
            expect(model.weights[i]!.values[k]! - value, `${name} ${k}`).to.be.closeTo(slope, 2e-6);
          }
        }
      }
    });
  }
});
