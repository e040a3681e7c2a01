import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { InstalledCopy } from '../../support/installed-copy.js';

/** What the program below says of one engine: what trains and the line for people, or why nothing does. */
interface Told {
  readonly line?: string;
  readonly examples?: number;
  readonly error?: { readonly code: string; readonly message: string; readonly fix: string };
}

/** Each trainer has a thread of its own, which looks anew for what is installed. */
const program = `
  import { createTrainer, denseNetwork } from '@concordat/client-sdk';
  import { eventLine } from './node_modules/@concordat/client-sdk/dist/commands/event-line.js';
  const { topology, tensors } = denseNetwork({ inputs: 3, hidden: [], classes: 2, seed: '1' });
  const dataSet = { examples: 8, inputShape: [3], inputs: new Float32Array(24).fill(0.1),
    targets: { kind: 'classes', labels: new Uint8Array(8) } };
  const task = { loss: 'categoricalCrossentropy', optimizer: { name: 'sgd', learningRate: 0.01 }, batchSize: 4, steps: 1 };
  process.on('message', async (asked) => {
    const forced = asked === 'any' ? {} : { engine: asked };
    try {
      const trainer = await createTrainer({ data: { dataSet }, participant: 'acme', holdoutFraction: 0, ...forced });
      const { examples } = await trainer.fit({ model: topology, weights: tensors, task, round: 1, seed: 's' });
      process.send({ line: eventLine({ type: 'engine', ...trainer.describe() }), examples });
      await trainer.close();
    } catch ({ code, message, fix }) {
      process.send({ error: { code, message, fix } });
    }
  });
`;

const optional = ['onnxruntime-node', '@tensorflow/tfjs-node'];

/** As the other packages of this name would fail: it loads, and then this happens. */
const another = (session: string): string => `
  exports.Tensor = class { constructor(type, data) { this.data = data; } };
  exports.InferenceSession = { create: async () => (${session}) };
  exports.env = { versions: { node: '0.1.0' } };
`;

describe('the ladder of the engines', function () {
  this.timeout(60_000);
  let copy: InstalledCopy;
  let child: ChildProcess;
  let complaints = '';
  before(() => {
    copy = new InstalledCopy(optional);
    const file = join(copy.directory, 'program.mjs');
    writeFileSync(file, program);
    child = fork(file, { cwd: copy.directory, silent: true });
    child.stderr!.on('data', (text) => {
      complaints += text;
    });
  });
  afterEach(() => {
    for (const name of optional) copy.remove(name);
    expect(complaints).to.equal('');
  });
  after(() => {
    child.kill();
    copy.close();
  });

  async function ask(engine: string): Promise<Told> {
    child.send(engine);
    const [told] = (await once(child, 'message')) as [Told];
    return told;
  }

  it('goes on to wasm where no optional package is installed, and says so', async () => {
    const any = await ask('any');
    const onnxruntime = await ask('onnxruntime');
    const node = await ask('tfjs-node');
    const cpu = await ask('tfjs-cpu');
    expect(any.line).to.match(
      /^Training with tfjs-wasm \d.*; passed over onnxruntime: not installed; tfjs-node: not installed\.$/,
    );
    expect(any.examples).to.equal(8);
    expect(onnxruntime.error).to.deep.include({
      code: 'unavailable',
      message: 'no training engine loads: onnxruntime: not installed',
    });
    expect(onnxruntime.error!.fix).to.match(/^Install onnxruntime-node, or leave the engine to be chosen\./);
    expect(node.error).to.deep.include({
      code: 'unavailable',
      message: 'no training engine loads: tfjs-node: not installed',
    });
    expect(cpu.line).to.match(/^Training with tfjs-cpu \d.*; forced by option\.$/);
  });

  it('goes on where ONNX Runtime came without its library, as after a broken installation', async () => {
    copy.copyOf('onnxruntime-node', (path) => !/\/bin(\/|$)/.test(path));
    const any = await ask('any');
    const forced = await ask('onnxruntime');
    expect(any.line).to.match(
      /^Training with tfjs-wasm .*; passed over onnxruntime: Cannot find module .*; tfjs-node:/,
    );
    expect(any.examples).to.equal(8);
    expect(forced.error!.code).to.equal('unavailable');
    expect(forced.error!.message).to.match(/^no training engine loads: onnxruntime: Cannot find module/);
  });

  for (const [what, code, reason] of [
    [
      'is damaged',
      'throw new Error("libonnxruntime.so.1: file too short\\n  at more lines");',
      'libonnxruntime.so.1: file too short',
    ],
    [
      'is too old to read the graph',
      another(`(() => { throw new Error('Unsupported model IR version: 8, max supported IR version: 7'); })()`),
      'Unsupported model IR version: 8, max supported IR version: 7',
    ],
    [
      'computes wrongly',
      another('{ run: async () => ({}), release: async () => {} }'),
      'ONNX Runtime computes wrongly',
    ],
  ] as const) {
    it(`goes on where the ONNX Runtime that is installed ${what}`, async () => {
      copy.write('onnxruntime-node', code);
      const any = await ask('any');
      expect(any.line).to.match(/^Training with tfjs-wasm /);
      expect(any.line).to.include(`; passed over onnxruntime: ${reason}; tfjs-node: not installed.`);
      expect(any.examples).to.equal(8);
    });
  }

  it('goes on where tfjs-node came without its binary, as npm leaves it without its install script', async () => {
    copy.copyOf('@tensorflow/tfjs-node', (path) => !/\/(lib|deps)(\/|$)/.test(path));
    const any = await ask('any');
    const forced = await ask('tfjs-node');
    expect(any.line).to.match(
      /^Training with tfjs-wasm .*; passed over .*; tfjs-node: The Node.js native addon module/,
    );
    expect(forced.error!.message).to.match(/^no training engine loads: tfjs-node: The Node.js native addon module/);
    expect(forced.error!.fix).to.match(/^Install @tensorflow\/tfjs-node, or leave/);
  });

  // From here on the copy has less and less.
  it('ends at the reference', async () => {
    copy.remove('@tensorflow/tfjs-backend-wasm');
    const any = await ask('any');
    expect(any.line).to.match(/^Training with tfjs-cpu .*; tfjs-wasm: Cannot find package/);
    expect(any.examples).to.equal(8);
  });

  it('ends at an error that names each engine where none is left', async () => {
    copy.remove('@tensorflow/tfjs');
    const any = await ask('any');
    expect(any.error!.code).to.equal('unavailable');
    for (const name of ['onnxruntime', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu']) {
      expect(any.error!.message).to.include(`${name}: `);
    }
  });
});
