import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tensorflowEnvironment } from '@concordat/client-sdk';
import { expect } from 'chai';
import { AskedLadder } from '../../support/asked-ladder.js';
import { InstalledCopy } from '../../support/installed-copy.js';
import { repository } from '../../support/test-titles.js';

const binary = join(repository, 'node_modules/@tensorflow/tfjs-node/lib');

/** Two threads train without an end; the first one is closed in the middle, then the process ends. */
const closing = `
  import { createTrainer, denseNetwork } from '@concordat/client-sdk';
  const { topology, tensors } = denseNetwork({ inputs: 300, hidden: [200], classes: 4, seed: '1' });
  const dataSet = { examples: 40, inputShape: [300], inputs: new Float32Array(12000).fill(0.1),
    targets: { kind: 'classes', labels: new Uint8Array(40) } };
  const task = { loss: 'categoricalCrossentropy', optimizer: { name: 'adam', learningRate: 0.01 }, batchSize: 4, epochs: 1e6 };
  const open = () => createTrainer({ data: { dataSet }, participant: 'acme', engine: 'tfjs-node' });
  const trainers = await Promise.all([open(), open()]);
  await Promise.all(trainers.map((trainer) => new Promise((resolve) => {
    let seen = 0;
    const onProgress = () => void (++seen === 3 && resolve());
    trainer.fit({ model: topology, weights: tensors, task, round: 1, seed: 's', onProgress }).catch(() => undefined);
  })));
  await trainers[0].close();
  process.exit(7);
`;

/** As on Node 23 and newer, where `util` has neither. */
const withoutLegacy = `
  import util from 'node:util';
  import { loadEngine } from './node_modules/@concordat/client-sdk/dist/trainer/engine.js';
  delete util.isNullOrUndefined;
  delete util.isArray;
  const { description } = await loadEngine('tfjs-node');
  console.log(description.engine);
`;

describe('tfjs-node where it has its binary', function () {
  this.timeout(60_000);
  let copy: InstalledCopy;
  before(function () {
    if (!existsSync(binary)) {
      process.stderr.write(
        '\n!! NOT TESTED: tfjs-node, which has no binary here. docs/trainers.md says how it gets one.\n',
      );
      return this.skip();
    }
    copy = new InstalledCopy(['onnxruntime-node']);
  });
  after(() => copy?.close());

  const run = (program: string) =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: copy.directory,
      env: { ...process.env, ...tensorflowEnvironment },
      encoding: 'utf8',
    });

  it('trains before wasm', async () => {
    const ladder = new AskedLadder(copy, tensorflowEnvironment);
    const [any, forced] = [await ladder.ask('any'), await ladder.ask('tfjs-node')];
    ladder.close();
    expect(any.line).to.match(
      /^Training with tfjs-node \d\S* \(libtensorflow, 1 thread\); passed over onnxruntime: not installed\.$/,
    );
    expect(forced.line).to.match(/^Training with tfjs-node .*; forced by option\.$/);
    expect([any.examples, forced.examples, ladder.complaints]).to.deep.equal([8, 8, '']);
  });

  it('is passed over by name where TensorFlow may have more than one thread', async () => {
    const ladder = new AskedLadder(copy, { TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '1' });
    const [any, forced] = [await ladder.ask('any'), await ladder.ask('tfjs-node')];
    ladder.close();
    const reason = 'tfjs-node: needs TF_NUM_INTRAOP_THREADS=1 and TF_NUM_INTEROP_THREADS=1 in the environment';
    expect(any.line).to.match(/^Training with tfjs-wasm /);
    expect(any.line).to.include(`; passed over onnxruntime: not installed; ${reason}.`);
    expect(forced.error!.message).to.equal(`no training engine loads: ${reason}`);
  });

  it('loads on a Node without what it calls of util', () => {
    const { stdout, stderr } = run(withoutLegacy);
    expect([stdout, stderr]).to.deep.equal(['tfjs-node 4.22.0\n', '']);
  });

  it('trains in two threads, of which one is ended in the middle, and the process lives', () => {
    const { status, stderr } = run(closing);
    expect([status, stderr]).to.deep.equal([7, '']);
  });
});
