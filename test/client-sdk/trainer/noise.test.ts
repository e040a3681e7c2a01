import { createTrainer, type EngineName, type FitRequest, type FitResult, type Trainer } from '@concordat/client-sdk';
import { expect } from 'chai';
import { classified, dense, fitOf, type SmallLayer, type SmallModel, sequential } from './lowering/small-models.js';

const engines: readonly EngineName[] = ['tfjs-cpu', 'tfjs-wasm', 'onnxruntime'];
/** float32 sums in another order. A number that is dropped by one engine only moves weights by 0.1 and more. */
const tolerance = 2e-5;

function open(engine: EngineName): Promise<Trainer> {
  return createTrainer({
    data: { dataSet: classified(14, [12], 3) },
    participant: 'acme',
    holdoutFraction: 0.2,
    engine,
  });
}

/** Twelve numbers as four of three, and a class behind all that `layers` give. */
function model(...layers: readonly SmallLayer[]): SmallModel {
  const line: SmallLayer[] = [{ kind: 'Reshape', config: { target_shape: [4, 3] } }, dense(3, 3)];
  return sequential([12], [...line, ...layers, { kind: 'Flatten' }, dense(12, 3, { activation: 'softmax' })]);
}

/** A recurrent layer of four units behind them. */
function remembering(kind: string, gates: number, config: Readonly<Record<string, number>>): SmallModel {
  const weights = { kernel: [3, 4 * gates], recurrent_kernel: [4, 4 * gates], bias: [4 * gates] };
  const line: SmallLayer[] = [{ kind: 'Reshape', config: { target_shape: [4, 3] } }, dense(3, 3)];
  return sequential(
    [12],
    [...line, { kind, config: { units: 4, ...config }, weights }, dense(4, 3, { activation: 'softmax' })],
  );
}

const dropping: Readonly<Record<string, SmallModel>> = {
  Dropout: model({ kind: 'Dropout', config: { rate: 0.5 } }),
  'a Dropout of its own seed': model({ kind: 'Dropout', config: { rate: 0.9, seed: 3 } }),
  'two of them': model({ kind: 'Dropout', config: { rate: 0.1 } }, { kind: 'Dropout', config: { rate: 0.3 } }),
  'a Dropout of rows': model({ kind: 'Dropout', config: { rate: 0.5, noise_shape: [null, 4, 1] } }),
  'dropout within a SimpleRNN': remembering('SimpleRNN', 1, { dropout: 0.3, recurrent_dropout: 0.3 }),
  'dropout within a GRU': remembering('GRU', 3, { dropout: 0.3, recurrent_dropout: 0.3 }),
  'dropout of the states of a GRU': remembering('GRU', 3, { recurrent_dropout: 0.5 }),
  'dropout within an LSTM': remembering('LSTM', 4, { dropout: 0.3, recurrent_dropout: 0.3 }),
  'dropout of the inputs of an LSTM': remembering('LSTM', 4, { dropout: 0.5 }),
  SpatialDropout1D: model({ kind: 'SpatialDropout1D', config: { rate: 0.5 } }),
};
const noisy: Readonly<Record<string, SmallModel>> = {
  GaussianNoise: model({ kind: 'GaussianNoise', config: { stddev: 0.5 } }),
  GaussianDropout: model({ kind: 'GaussianDropout', config: { rate: 0.5 } }),
  AlphaDropout: model({ kind: 'AlphaDropout', config: { rate: 0.5 } }),
};

const task = { loss: 'meanSquaredError', optimizer: { name: 'sgd', learningRate: 1 }, steps: 1 };
const oneStep = (small: SmallModel): FitRequest => fitOf(small, task);

function apart(a: FitResult, b: FitResult): number {
  const of = (i: number): number =>
    a.weights[i]!.values.reduce((most, x, k) => Math.max(most, Math.abs(x - b.weights[i]!.values[k]!)), 0);
  return Math.max(...a.weights.map((_, i) => of(i)));
}

describe('what layers draw while they train', () => {
  const trainers = new Map<EngineName, Trainer>();
  before(async () => {
    for (const engine of engines) {
      const trainer = await open(engine).catch(
        (error: Error) => void process.stderr.write(`skipped ${engine}: ${error.message}\n`),
      );
      if (trainer !== undefined) trainers.set(engine, trainer);
    }
  });
  after(() => Promise.all([...trainers.values()].map((trainer) => trainer.close())));

  for (const [what, small] of Object.entries({ ...dropping, ...noisy })) {
    it(`is the same on every engine: ${what}`, async () => {
      const requests = [oneStep(small), fitOf(small, { steps: 10 })];
      for (const request of requests) {
        const reference = await trainers.get('tfjs-cpu')!.fit(request);
        for (const [engine, trainer] of trainers) {
          if (engine === 'onnxruntime' && what in noisy) continue;
          expect(apart(await trainer.fit(request), reference), engine).to.be.at.most(tolerance);
        }
      }
    });
  }

  it('is the same again, on one worker as on two at once, and another for another round or seed', async () => {
    for (const [engine, trainer] of trainers) {
      const request = fitOf(dropping.Dropout!, { steps: 12 });
      const second = await open(engine);
      try {
        const alone = await trainer.fit(request);
        const [one, two] = await Promise.all([trainer.fit(request), second.fit(request)]);
        expect(one.weights, engine).to.deep.equal(alone.weights);
        expect(two.weights, engine).to.deep.equal(alone.weights);
        for (const other of [{ round: 2 }, { seed: 'autumn' }]) {
          expect(apart(await trainer.fit({ ...request, ...other }), alone)).to.be.greaterThan(0.01);
        }
      } finally {
        await second.close();
      }
    }
  });

  it('is another in every step and every layer, whatever seed a layer has of its own', async () => {
    // All examples in one batch, so that only what is dropped differs from step to step, and a rate that moves nothing far.
    for (const [engine, trainer] of trainers) {
      const small = sequential([12], [{ kind: 'Dropout', config: { rate: 0.5, seed: 5 } }, dense(12, 3)]);
      const slow = { ...task, batchSize: 14, optimizer: { name: 'sgd', learningRate: 1e-3 } };
      const moved = async (steps: number): Promise<Float32Array> => {
        const { weights } = await trainer.fit(fitOf(small, { ...slow, steps }));
        return weights[0]!.values.map((x, k) => x - small.weights[0]!.values[k]!);
      };
      const [first, both] = [await moved(1), await moved(2)];
      const most = both.reduce((sum, x, k) => Math.max(sum, Math.abs(x - 2 * first[k]!)), 0);
      expect(most, engine).to.be.greaterThan(1e-5);
    }
  });

  it('does not touch what is measured', async () => {
    for (const trainer of trainers.values()) {
      const { model: topology, weights } = dropping.Dropout!;
      const ask = { model: topology, weights, loss: 'meanSquaredError' };
      const [first, again] = [await trainer.evaluate(ask), await trainer.evaluate(ask)];
      expect(again.metrics).to.deep.equal(first.metrics);
    }
  });

  it('keeps of what it drops at a rate the rest, made larger', async () => {
    // The gradient of a bias behind the dropped ones tells nothing of them; that of the kernel is 0 where all were dropped.
    const [inputs, rate] = [12, 0.9];
    const small = sequential([inputs], [{ kind: 'Dropout', config: { rate } }, dense(inputs, 3)]);
    for (const [engine, trainer] of trainers) {
      let still = 0;
      for (let round = 1; round <= 20; round++) {
        const request = { ...oneStep(small), round };
        const { weights } = await trainer.fit({ ...request, task: { ...request.task, batchSize: 1 } });
        for (let k = 0; k < inputs; k++) {
          if (weights[0]!.values[3 * k] === small.weights[0]!.values[3 * k]) still++;
        }
      }
      // 240 draws: five standard deviations.
      expect(still / (20 * inputs), engine).to.be.within(rate - 0.1, rate + 0.1);
    }
  });
});
