import { createTrainer, type EngineName, type LocalRule, type Trainer } from '@concordat/client-sdk';
import { expect } from 'chai';
import { errorOf } from '../../support/error-of.js';
import { numbers, sizeOf } from '../../support/seeded-numbers.js';
import { classified, dense, fitOf, type SmallLayer, type SmallModel, sequential } from './lowering/small-models.js';

const engines: readonly EngineName[] = ['tfjs-cpu', 'tfjs-wasm', 'onnxruntime'];
const [examples, rate] = [14, 0.5];
const softmax = { activation: 'softmax' };
/** A product, and a normalization whose moving mean no rule may touch. */
const plain = sequential(
  [6],
  [
    dense(6, 5, { activation: 'tanh' }),
    {
      kind: 'BatchNormalization',
      config: {},
      weights: { gamma: [5], beta: [5], moving_mean: [5], moving_variance: [5] },
    },
    dense(5, 3, softmax),
  ],
);
/** Rows of a table, and filters. Between −1 and 1 every number is word 0. */
const others: SmallLayer[] = [
  { kind: 'Embedding', config: { input_dim: 2, output_dim: 3 }, weights: { embeddings: [2, 3] } },
  { kind: 'Conv1D', config: { filters: 2, kernel_size: 2 }, weights: { kernel: [2, 3, 2], bias: [2] } },
  { kind: 'Flatten' },
  dense(10, 3, softmax),
];
const models: readonly SmallModel[] = [plain, sequential([6], others)];

const trained = ({ weights }: SmallModel): SmallModel['weights'] => weights.filter(({ name }) => !/moving/.test(name));

function shiftOf(model: SmallModel): NonNullable<LocalRule['shift']> {
  return trained(model).map(({ name, shape }, i) => ({
    name,
    shape,
    values: numbers(sizeOf(shape), 500 + i).map((x) => x / 10),
  }));
}

describe('a local rule', () => {
  const trainers = new Map<EngineName, Trainer>();
  before(async () => {
    const data = { dataSet: classified(examples, [6], 3) };
    for (const engine of engines) {
      const trainer = await createTrainer({ data, participant: 'acme', holdoutFraction: 0, engine }).catch(
        (error: Error) => void process.stderr.write(`skipped ${engine}: ${error.message}\n`),
      );
      if (trainer !== undefined) trainers.set(engine, trainer);
    }
  });
  after(() => Promise.all([...trainers.values()].map((trainer) => trainer.close())));

  /** Trained weights after so many whole passes of plain descent. */
  async function weightsAfter(trainer: Trainer, steps: number, rule?: LocalRule): Promise<readonly Float32Array[]> {
    const optimizer = { name: 'sgd', learningRate: rate };
    const request = fitOf(plain, { optimizer, batchSize: examples, steps });
    const { weights } = await trainer.fit({ ...request, ...(rule === undefined ? {} : { rule }) });
    return weights.filter(({ name }) => !/moving/.test(name)).map(({ values }) => values);
  }

  const each = (a: readonly Float32Array[], f: (x: number, i: number, k: number) => number): number[] =>
    a.flatMap((values, i) => Array.from(values, (x, k) => f(x, i, k)));

  it('pulls back to where the training began, by μ times the way: FedProx', async () => {
    const mu = 0.3;
    const begun = trained(plain).map(({ values }) => values);
    for (const [engine, trainer] of trainers) {
      const [one, two] = [await weightsAfter(trainer, 1), await weightsAfter(trainer, 2)];
      expect(await weightsAfter(trainer, 1, { proximal: mu }), engine).to.deep.equal(one);
      const pulled = await weightsAfter(trainer, 2, { proximal: mu });
      const off = each(pulled, (x, i, k) => x - (two[i]![k]! - rate * mu * (one[i]![k]! - begun[i]![k]!)));
      expect(Math.max(...off.map(Math.abs)), engine).to.be.at.most(1e-6);
    }
  });

  it('moves every step by the shift: SCAFFOLD', async () => {
    const shift = shiftOf(plain);
    for (const [engine, trainer] of trainers) {
      const [straight, shifted] = [await weightsAfter(trainer, 1), await weightsAfter(trainer, 1, { shift })];
      const off = each(shifted, (x, i, k) => x - (straight[i]![k]! - rate * shift[i]!.values[k]!));
      expect(Math.max(...off.map(Math.abs)), engine).to.be.at.most(1e-6);
    }
  });

  it('moves every engine alike, with every optimizer, products, rows and filters, for ten steps', async () => {
    for (const model of models) {
      for (const name of ['sgd', 'momentum', 'adam']) {
        const request = fitOf(model, { optimizer: { name, learningRate: 0.01 }, steps: 10 });
        const ruled = { ...request, rule: { proximal: 0.5, shift: shiftOf(model) } };
        const reference = (await trainers.get('tfjs-cpu')!.fit(ruled)).weights.map(({ values }) => values);
        for (const [engine, trainer] of trainers) {
          const { weights } = await trainer.fit(ruled);
          const off = each(reference, (x, i, k) => x - weights[i]!.values[k]!);
          expect(Math.max(...off.map(Math.abs)), `${engine} ${name}`).to.be.at.most(2e-5);
        }
      }
    }
  });

  it('gives the same bits twice, and leaves the next training alone', async () => {
    const rule = { proximal: 0.5, shift: shiftOf(plain) };
    for (const [engine, trainer] of trainers) {
      const before = await weightsAfter(trainer, 5);
      expect(await weightsAfter(trainer, 5, rule), engine).to.deep.equal(await weightsAfter(trainer, 5, rule));
      expect(await weightsAfter(trainer, 5), engine).to.deep.equal(before);
    }
  });

  for (const [what, rule] of [
    ['a proximal term below 0', { proximal: -1 }],
    ['a proximal term that is no number', { proximal: Number.NaN }],
    ['a shift that lacks a weight', { shift: shiftOf(plain).slice(1) }],
    ['a shift of a weight that is not trained', { shift: plain.weights }],
    ['a shift of another shape', { shift: shiftOf(plain).map((tensor) => ({ ...tensor, shape: [1] })) }],
    [
      'a shift that is not finite',
      { shift: shiftOf(plain).map((tensor) => ({ ...tensor, values: tensor.values.map(() => Number.NaN) })) },
    ],
  ] as [string, LocalRule][]) {
    it(`is refused: ${what}`, async () => {
      for (const trainer of trainers.values()) {
        const error = await errorOf(trainer.fit({ ...fitOf(plain), rule }));
        expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'task.rule']);
      }
    });
  }
});
