import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrainer, type FitRequest } from '@concordat/client-sdk';
import { expect } from 'chai';
import { repository } from '../support/test-titles.js';

const compiled = join(repository, 'examples/dist/logistic-regression');
const { logisticRegression } = (await import(
  join(compiled, 'trainer.js')
)) as typeof import('../../examples/logistic-regression/trainer.js');

const features = 3;
const examples = 80;
const inputs = Float32Array.from({ length: examples * features }, (_, i) => ((i * 37) % 101) / 50 - 1);
const answers = Uint8Array.from({ length: examples }, (_, i) =>
  inputs[i * features]! + inputs[i * features + 1]! > 0 ? 1 : 0,
);

const model = {
  class_name: 'Sequential',
  config: {
    name: 'answer',
    layers: [
      {
        class_name: 'Dense',
        config: {
          name: 'dense',
          dtype: 'float32',
          batch_input_shape: [null, features],
          units: 1,
          activation: 'sigmoid',
          use_bias: true,
        },
      },
    ],
  },
};
const request: FitRequest = {
  model,
  weights: [
    { name: 'dense/kernel', shape: [features, 1], values: Float32Array.of(0.1, -0.2, 0.3) },
    { name: 'dense/bias', shape: [1], values: Float32Array.of(0.5) },
  ],
  task: { loss: 'binaryCrossentropy', optimizer: { name: 'sgd', learningRate: 0.5 }, batchSize: examples, steps: 50 },
  round: 1,
  seed: 'spring',
};

describe('the example of a trainer without a training library', () => {
  it('trains the same model on the same data to the same update as tfjs, within 1e-4', async () => {
    const ours = logisticRegression({ features, inputs, answers }, 0);
    const values = Float32Array.from(answers);
    const dataSet = {
      examples,
      inputShape: [features],
      inputs,
      targets: { kind: 'values', values, shape: [1] },
    } as const;
    const tfjs = await createTrainer({ data: { dataSet }, participant: 'acme', holdoutFraction: 0 });
    try {
      const [one, other] = [await ours.fit(request), await tfjs.fit(request)];
      expect(one.examples).to.equal(other.examples);
      for (const [i, { name, shape, values: wanted }] of other.weights.entries()) {
        expect([one.weights[i]!.name, one.weights[i]!.shape]).to.deep.equal([name, shape]);
        wanted.forEach((value, k) => {
          expect(one.weights[i]!.values[k]).to.be.closeTo(value, 1e-4);
        });
      }
    } finally {
      await tfjs.close();
    }
  });

  it('is right more often after training, on examples that it does not train on', async () => {
    const ours = logisticRegression({ features, inputs, answers }, 20);
    const { weights } = await ours.fit({ ...request, task: { ...request.task, steps: 400, batchSize: 16 } });
    const asked = { model, loss: request.task.loss };
    const before = await ours.evaluate({ ...asked, weights: request.weights });
    const after = await ours.evaluate({ ...asked, weights });
    expect(after.metrics.accuracy).to.be.greaterThan(0.9);
    expect(after.metrics.loss).to.be.lessThan(before.metrics.loss!);
  });

  it('says which model it needs', async () => {
    const ours = logisticRegression({ features: 4, inputs, answers }, 0);
    expect(await ours.fit(request).catch((error: Error) => error.message)).to.equal(
      'a model with one kernel of 4 features and one bias is needed',
    );
  });

  it('is imported by a participant that says what is missing when nobody is enrolled', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'concordat-example-'));
    try {
      writeFileSync(join(empty, 'records.csv'), '0.5,1,1\n0.25,-1,0\n');
      const script = join(compiled, 'participant.js');
      const args = [script, join(empty, 'participant'), join(empty, 'records.csv')];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect([status, stderr.includes('enroll')]).to.deep.equal([1, true]);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
