import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createExternalTrainer,
  createTrainer,
  denseNetwork,
  type FitRequest,
  imagesFile,
  labelsFile,
  type Trainer,
  type TrainerPatience,
  type TrainerStatus,
} from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { pythonClient, pythonWith, skipLoudly } from '../../../support/python.js';
import { repository } from '../../../support/test-titles.js';

const side = 6;
const network = denseNetwork({ inputs: side * side, hidden: [12, 9], classes: 4, seed: '1' });
const request: FitRequest = {
  model: network.topology,
  weights: network.tensors,
  task: { loss: 'categoricalCrossentropy', optimizer: { name: 'sgd', learningRate: 0.2 }, batchSize: 16, epochs: 3 },
  round: 2,
  seed: 'spring',
};

/** Images whose brightest quarter is their class. */
function writeImages(directory: string, examples: number): void {
  const images = Buffer.alloc(16 + examples * side * side);
  images.writeUInt32BE(0x0803, 0);
  for (const [at, value] of [examples, side, side].entries()) images.writeUInt32BE(value, 4 + 4 * at);
  const labels = Buffer.alloc(8 + examples);
  labels.writeUInt32BE(0x0801, 0);
  labels.writeUInt32BE(examples, 4);
  for (let i = 0; i < examples; i++) {
    const label = (i * 7) % 4;
    labels[8 + i] = label;
    for (let k = 0; k < side * side; k++) {
      const quarter = (k % side < side / 2 ? 0 : 1) + (k < (side * side) / 2 ? 0 : 2);
      images[16 + i * side * side + k] = ((i * 37 + k * 61) % 97) + (quarter === label ? 120 : 0);
    }
  }
  mkdirSync(directory);
  writeFileSync(join(directory, imagesFile), images);
  writeFileSync(join(directory, labelsFile), labels);
}

describe('a trainer in Python', function () {
  this.timeout(60_000);
  const { python, why } = pythonWith('numpy');
  let home: string;
  let data: string;
  let trainers: Trainer[];
  let statuses: TrainerStatus[];
  before(function () {
    if (python === undefined) skipLoudly(this, 'trainers in Python', why);
  });
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'concordat-python-'));
    data = join(home, 'data');
    writeImages(data, 200);
    trainers = [];
    statuses = [];
  });
  afterEach(async () => {
    await Promise.all(trainers.map((trainer) => trainer.close()));
    rmSync(home, { recursive: true });
  });

  async function launched(script: readonly string[], patience: TrainerPatience = {}): Promise<Trainer> {
    const trainer = await createExternalTrainer({
      launch: [python!, ...script],
      data,
      participant: 'acme',
      environment: { ...process.env, PYTHONPATH: pythonClient },
      onStatus: (status) => statuses.push(status),
      ...patience,
    });
    trainers.push(trainer);
    return trainer;
  }

  async function worker(): Promise<Trainer> {
    const trainer = await createTrainer({ data: { directory: data }, participant: 'acme' });
    trainers.push(trainer);
    return trainer;
  }

  const numpyExample = join(repository, 'examples/numpy-trainer/train.py');
  const joined = [join(repository, 'test/support/joined-script.py'), join(repository, 'examples/numpy-trainer')];

  for (const [what, script] of [
    ['the example in numpy', [numpyExample]],
    ['a script in the layout of PyTorch that joins with the lines of its example', joined],
  ] as const) {
    it(`trains the same model on the same data to the same update as tfjs, within 1e-4: ${what}`, async () => {
      const [theirs, ours] = [await (await launched(script)).fit(request), await (await worker()).fit(request)];
      expect(theirs.examples).to.equal(ours.examples);
      for (const [i, { name, shape, values }] of ours.weights.entries()) {
        const other = theirs.weights[i]!;
        expect([other.name, other.shape]).to.deep.equal([name, shape]);
        const worst = values.reduce((most, value, k) => Math.max(most, Math.abs(value - other.values[k]!)), 0);
        expect(worst, name).to.be.at.most(1e-4);
        const moved = values.reduce(
          (most, value, k) => Math.max(most, Math.abs(value - network.tensors[i]!.values[k]!)),
          0,
        );
        expect(moved, name).to.be.greaterThan(0.01);
      }
    });
  }

  it('measures as tfjs does, and is more often right after training', async () => {
    const [theirs, ours] = [await launched([numpyExample]), await worker()];
    const { weights } = await theirs.fit({ ...request, task: { ...request.task, epochs: 20 } });
    const asked = { model: network.topology, weights, loss: request.task.loss };
    const [one, other] = [await theirs.evaluate(asked), await ours.evaluate(asked)];
    expect(one.examples).to.equal(other.examples);
    expect(one.metrics.loss).to.be.closeTo(other.metrics.loss!, 1e-4);
    expect(one.metrics.accuracy).to.equal(other.metrics.accuracy);
    expect(one.metrics.accuracy).to.be.greaterThan(0.9);
  });

  it('takes steps instead of epochs, and reports progress', async () => {
    const { epochs: _, ...task } = request.task;
    const steps: number[] = [];
    const theirs = await launched([numpyExample]);
    const asked = {
      ...request,
      task: { ...task, steps: 5 },
      onProgress: ({ step }: { step: number }) => steps.push(step),
    };
    const [one, other] = [await theirs.fit(asked), await (await worker()).fit(asked)];
    expect(one.weights[0]!.values[7]).to.be.closeTo(other.weights[0]!.values[7]!, 1e-5);
    expect(steps[0]).to.equal(0);
  });

  it('refuses what it does not know, in words of its own', async () => {
    const task = { ...request.task, optimizer: { name: 'adam', learningRate: 1 } };
    const theirs = await launched([numpyExample]);
    const error = await theirs.fit({ ...request, task }).catch((thrown: unknown) => thrown as FederatedError);
    expect((error as FederatedError).detail).to.deep.include({ rule: 'trainer.refused', offered: 'refused' });
    expect((error as FederatedError).detail.lines).to.deep.equal([
      'this trainer knows sgd and cross-entropy, not adam and categoricalCrossentropy',
    ]);
  });

  for (const [what, rule] of [
    ['killed', 'trainer.died'],
    ['nan', 'update.finite'],
    ['shape', 'model.shape'],
    ['silent', 'trainer.silent'],
    ['refused', 'trainer.refused'],
    ['broken', 'trainer.refused'],
  ]) {
    it(`survives being ${what}: ${rule}, and the next task is done`, async () => {
      const script = [join(repository, 'test/support/odd-trainer.py'), what!, join(home, 'started')];
      const trainer = await launched(script, { silentMillis: 3_000, stopMillis: 200 });
      const error = await trainer.fit(request).catch((thrown: unknown) => thrown as FederatedError);
      expect((error as FederatedError).detail.rule).to.equal(rule);
      const { weights, examples } = await trainer.fit(request);
      expect([examples, weights[0]!.values[0]]).to.deep.equal([10, Math.fround(network.tensors[0]!.values[0]! + 0.5)]);
    });
  }

  it('stops at its next word about progress when the result is of no use any more', async () => {
    const trainer = await launched([numpyExample]);
    const leaving = new AbortController();
    const task = { ...request.task, epochs: 100_000 };
    const onProgress = () => leaving.abort(new FederatedError('deadline', 'too late'));
    const error = await trainer
      .fit({ ...request, task, signal: leaving.signal, onProgress })
      .catch((thrown: unknown) => thrown);
    expect((error as FederatedError).message).to.equal('too late');
    expect((await trainer.fit(request)).examples).to.equal(180);
    expect(statuses.map(({ state }) => state)).to.deep.equal(['ready']);
  });

  it('attaches, and again when the client was started anew', async () => {
    const { spawn } = await import('node:child_process');
    const attach = join(home, 'attach');
    const open = () =>
      createExternalTrainer({ attach, data, participant: 'acme', onStatus: (status) => statuses.push(status) });
    let trainer = await open();
    const script = spawn(python!, [numpyExample, attach], {
      env: { ...process.env, PYTHONPATH: pythonClient },
      stdio: 'ignore',
    });
    try {
      for (let start = 0; start < 2; start++) {
        expect((await trainer.fit(request)).examples).to.equal(180);
        await trainer.close();
        trainer = await open();
      }
    } finally {
      await trainer.close();
      script.kill();
    }
  });
});

describe('the example in PyTorch', function () {
  this.timeout(120_000);
  it('trains the same model on the same data to the same update as tfjs, within 1e-4', async function () {
    const { python, why } = pythonWith('numpy', 'torch');
    if (python === undefined) return skipLoudly(this, 'the example in PyTorch', why);
    const home = mkdtempSync(join(tmpdir(), 'concordat-torch-'));
    const data = join(home, 'data');
    const { topology, tensors } = denseNetwork({ inputs: 784, hidden: [200, 200], classes: 10, seed: '1' });
    const digits = { ...request, model: topology, weights: tensors };
    writeDigits(data, 100);
    const theirs = await createExternalTrainer({
      launch: [python, join(repository, 'examples/pytorch-trainer/train.py')],
      data,
      participant: 'acme',
      environment: { ...process.env, PYTHONPATH: pythonClient },
    });
    const ours = await createTrainer({ data: { directory: data }, participant: 'acme' });
    try {
      const [one, other] = [await theirs.fit(digits), await ours.fit(digits)];
      for (const [i, { name, values }] of other.weights.entries()) {
        const worst = values.reduce(
          (most, value, k) => Math.max(most, Math.abs(value - one.weights[i]!.values[k]!)),
          0,
        );
        expect(worst, name).to.be.at.most(1e-4);
      }
    } finally {
      await theirs.close();
      await ours.close();
      rmSync(home, { recursive: true });
    }
  });
});

function writeDigits(directory: string, examples: number): void {
  const images = Buffer.alloc(16 + examples * 784, 0);
  images.writeUInt32BE(0x0803, 0);
  for (const [at, value] of [examples, 28, 28].entries()) images.writeUInt32BE(value, 4 + 4 * at);
  const labels = Buffer.alloc(8 + examples);
  labels.writeUInt32BE(0x0801, 0);
  labels.writeUInt32BE(examples, 4);
  for (let i = 0; i < examples; i++) {
    labels[8 + i] = i % 10;
    for (let k = 0; k < 784; k++) images[16 + i * 784 + k] = k % 10 === i % 10 ? 200 : (i * 31 + k * 17) % 90;
  }
  mkdirSync(directory);
  writeFileSync(join(directory, imagesFile), images);
  writeFileSync(join(directory, labelsFile), labels);
}
