import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createTrainer,
  type DataSet,
  denseNetwork,
  type EngineName,
  type FitRequest,
  type Trainer,
} from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { errorOf } from '../../support/error-of.js';

/** Points in the plane, labelled by quadrant. */
function quadrants(examples: number): DataSet {
  const inputs = new Float32Array(examples * 2);
  const labels = new Uint8Array(examples);
  for (let i = 0; i < examples; i++) {
    const [x, y] = [((i * 37) % 101) / 50 - 1.01, ((i * 61) % 97) / 48 - 1.01];
    inputs.set([x, y], 2 * i);
    labels[i] = (x > 0 ? 1 : 0) + (y > 0 ? 2 : 0);
  }
  return { examples, inputShape: [2], inputs, targets: { kind: 'classes', labels } };
}

const network = denseNetwork({ inputs: 2, hidden: [16], classes: 4, seed: '1' });
const request: FitRequest = {
  model: network.topology,
  weights: network.tensors,
  task: {
    loss: 'categoricalCrossentropy',
    optimizer: { name: 'sgd', learningRate: 0.5 },
    batchSize: 16,
    epochs: 8,
  },
  round: 1,
  seed: 'spring',
};

/** Priorities of this process's threads, as nice(1) counts. */
function prioritiesOfThreads(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

describe('a trainer that steps back', () => {
  it('trains in a thread of the lowest priority, and leaves that of all others as it is', async function () {
    if (process.platform !== 'linux') return this.skip();
    const before = getPriority(0);
    const modest = await createTrainer({ data: { dataSet: quadrants(60) }, participant: 'acme', nice: 19 });
    try {
      expect(prioritiesOfThreads()).to.include(19);
      expect(getPriority(0)).to.equal(before);
    } finally {
      await modest.close();
    }
  });

  it('refuses a priority that is none', async () => {
    for (const nice of [-1, 20, 0.5, Number.NaN]) {
      const refused = await errorOf(createTrainer({ data: { dataSet: quadrants(60) }, participant: 'acme', nice }));
      expect([refused.code, refused.detail.required]).to.deep.equal(['invalid-argument', '0 to 19']);
    }
  });
});

describe('a trainer in its worker', () => {
  let trainer: Trainer;
  before(async () => {
    trainer = await createTrainer({ data: { dataSet: quadrants(600) }, participant: 'acme' });
  });
  after(() => trainer.close());

  it('says which engine it takes and why', () => {
    const { engine, kernels, why } = trainer.describe();
    expect(engine).to.match(/^(onnxruntime|tfjs-(node|wasm|cpu)) \d/);
    expect([kernels, why]).to.not.include('');
  });

  it('trains with the next of the ladder what the first one cannot, and says so', async function () {
    if (!trainer.describe().engine.startsWith('onnxruntime')) {
      process.stderr.write(`skipped: ${trainer.describe().why}\n`);
      return this.skip();
    }
    const layers = [{ class_name: 'GaussianNoise', config: { name: 'd', stddev: 0.1, batch_input_shape: [null, 2] } }];
    const { config } = JSON.parse(JSON.stringify(network.topology));
    const model = { class_name: 'Sequential', config: { ...config, layers: [...layers, ...config.layers] } };
    await trainer.fit({ ...request, model });
    expect(trainer.describe().engine).to.match(/^tfjs-/);
    expect(trainer.describe().why).to.match(/^passed over onnxruntime: layer GaussianNoise is not lowered(;|$)/);
    await trainer.fit(request);
    expect(trainer.describe().engine).to.match(/^onnxruntime /);
  });

  it('learns, and measures on the examples it does not train on', async () => {
    const before = await trainer.evaluate({
      model: network.topology,
      weights: network.tensors,
      loss: request.task.loss,
    });
    const { weights, examples } = await trainer.fit(request);
    const after = await trainer.evaluate({ model: network.topology, weights, loss: request.task.loss });
    expect([examples, before.examples]).to.deep.equal([540, 60]);
    expect(after.metrics.accuracy).to.be.greaterThan(0.85);
    expect(after.metrics.loss).to.be.lessThan(before.metrics.loss!);
  });

  it('gives the same bytes for the same seed and round, others for another round', async () => {
    const [first, again, other] = [
      await trainer.fit(request),
      await trainer.fit(request),
      await trainer.fit({ ...request, round: 2 }),
    ];
    expect(again.weights).to.deep.equal(first.weights);
    expect(other.weights).to.not.deep.equal(first.weights);
  });

  it('keeps names, shapes and order, and leaves the weights it was given alone', async () => {
    const given = network.tensors.map(({ values }) => Float32Array.from(values));
    const { weights } = await trainer.fit({ ...request, weights: [...network.tensors].reverse() });
    expect(weights.map(({ name, shape }) => ({ name, shape }))).to.deep.equal(
      [...network.tensors].reverse().map(({ name, shape }) => ({ name, shape })),
    );
    expect(network.tensors.map(({ values }) => values)).to.deep.equal(given);
  });

  it('takes steps instead of epochs and reports progress', async () => {
    const seen: number[] = [];
    const { epochs: _, ...task } = request.task;
    await trainer.fit({ ...request, task: { ...task, steps: 41 }, onProgress: ({ step }) => seen.push(step) });
    expect(seen).to.deep.equal([0, 20, 40]);
  });

  for (const optimizer of ['sgd', 'momentum', 'adam']) {
    it(`trains with ${optimizer}`, async () => {
      const task = { ...request.task, optimizer: { name: optimizer, learningRate: 0.05 } };
      const { weights } = await trainer.fit({ ...request, task });
      expect(weights[0]!.values).to.not.deep.equal(network.tensors[0]!.values);
    });
  }

  it('stops between two batches when the signal says so', async () => {
    const leaving = new AbortController();
    const fit = trainer.fit({
      ...request,
      task: { ...request.task, epochs: 100_000 },
      signal: leaving.signal,
      onProgress: () => leaving.abort(new FederatedError('deadline', 'too late')),
    });
    expect((await errorOf(fit)).code).to.equal('deadline');
    expect((await trainer.fit(request)).examples).to.equal(540);
  });

  for (const [what, rule, change] of [
    ['a loss', 'task.loss', { task: { ...request.task, loss: 'constructor' } }],
    ['an optimizer', 'task.optimizer', { task: { ...request.task, optimizer: { name: 'lbfgs', learningRate: 1 } } }],
    ['a missing tensor', 'model.tensors', { weights: network.tensors.slice(1) }],
    [
      'a wrong shape',
      'model.shape',
      { weights: network.tensors.map((t, i) => (i === 0 ? { ...t, shape: [16, 2] } : t)) },
    ],
    [
      'a layer tfjs does not have',
      'model.topology',
      { model: { class_name: 'Sequential', config: { layers: [{ class_name: 'Lambda', config: {} }] } } },
    ],
    [
      'inputs of another size',
      'data.shape',
      ((other) => ({ model: other.topology, weights: other.tensors }))(
        denseNetwork({ inputs: 3, hidden: [4], classes: 4, seed: '1' }),
      ),
    ],
    [
      'labels beyond its classes',
      'data.labels',
      ((other) => ({ model: other.topology, weights: other.tensors }))(
        denseNetwork({ inputs: 2, hidden: [4], classes: 3, seed: '1' }),
      ),
    ],
  ] as [string, string, Partial<FitRequest>][]) {
    it(`refuses ${what} by name`, async () => {
      const error = await errorOf(trainer.fit({ ...request, ...change }));
      expect([error.code, error.detail.rule]).to.deep.equal(['refused', rule]);
    });
  }
});

describe('a trainer of declared records', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-declared-'));
    writeFileSync(
      join(directory, 'data.yaml'),
      `schema: concordat/data/1
columns:
  - { name: x, type: number, min: -2, max: 2 }
  - { name: y, type: number, min: -2, max: 2 }
  - { name: quadrant, type: category, categories: [a, b, c, d], target: true }
source: { kind: csv, files: [points.csv] }
`,
    );
    const { inputs, targets } = quadrants(600);
    const labels = targets.kind === 'classes' ? [...targets.labels] : [];
    const lines = labels.map((label, i) => `${inputs[2 * i]},${inputs[2 * i + 1]},${'abcd'[label]}`);
    writeFileSync(join(directory, 'points.csv'), `x,y,quadrant\n${lines.join('\n')}\n`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('trains on the very numbers of the arrays, and knows beforehand how many', async () => {
    const [declared, arrays] = await Promise.all([
      createTrainer({ data: { directory }, participant: 'acme' }),
      createTrainer({ data: { dataSet: quadrants(600) }, participant: 'acme' }),
    ]);
    try {
      expect([declared.examples, arrays.examples]).to.deep.equal([540, 540]);
      expect((await declared.fit(request)).weights).to.deep.equal((await arrays.fit(request)).weights);
    } finally {
      await Promise.all([declared.close(), arrays.close()]);
    }
  });

  it('does not open over a cell that is not as declared, and says where it stands', async () => {
    appendFileSync(join(directory, 'points.csv'), '1,3,a\n');
    const error = await errorOf(createTrainer({ data: { directory }, participant: 'acme' }));
    expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'data.cell']);
    expect(error.message).to.include('points.csv:602:2 (y)');
  });
});

describe('a trainer that cannot open', () => {
  it('names the directory without records', async () => {
    const error = await errorOf(createTrainer({ data: { directory: '/nowhere' }, participant: 'acme' }));
    expect([error.code, error.message]).to.deep.equal(['invalid-argument', 'cannot open /nowhere/images.idx3-ubyte']);
  });
});

describe('the engines', () => {
  async function gradients(engine: EngineName): Promise<Float32Array[]> {
    // One step of rate 1 over one batch: the change is the gradient, with its sign turned.
    const deep = denseNetwork({ inputs: 2, hidden: [12, 7], classes: 4, seed: '2' });
    const trainer = await createTrainer({ data: { dataSet: quadrants(200) }, participant: 'acme', engine });
    const task = { loss: request.task.loss, optimizer: { name: 'sgd', learningRate: 1 }, batchSize: 32, steps: 1 };
    const { weights } = await trainer.fit({ ...request, model: deep.topology, weights: deep.tensors, task });
    expect(trainer.describe().why).to.equal('forced by option');
    await trainer.close();
    return weights.map(({ values }, i) => values.map((value, k) => deep.tensors[i]!.values[k]! - value));
  }

  it('agree on gradients: wasm with rewritten products and the cpu reference, to 1e-5', async () => {
    const [wasm, cpu] = [await gradients('tfjs-wasm'), await gradients('tfjs-cpu')];
    for (const [i, gradient] of wasm.entries()) {
      const worst = gradient.reduce((max, value, k) => Math.max(max, Math.abs(value - cpu[i]![k]!)), 0);
      expect(worst).to.be.at.most(1e-5);
      expect(gradient.some((value) => Math.abs(value) > 1e-3)).to.equal(true);
    }
  });
});
