import { tensorflowEnvironment } from '@concordat/client-sdk';
import { expect } from 'chai';
import { AskedLadder, type Told } from '../../support/asked-ladder.js';
import { InstalledCopy } from '../../support/installed-copy.js';

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
  let ladder: AskedLadder;
  const ask = (engine: string): Promise<Told> => ladder.ask(engine);
  before(() => {
    copy = new InstalledCopy(optional);
    ladder = new AskedLadder(copy, tensorflowEnvironment);
  });
  afterEach(() => {
    for (const name of optional) copy.remove(name);
    expect(ladder.complaints).to.equal('');
  });
  after(() => {
    ladder.close();
    copy.close();
  });

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
