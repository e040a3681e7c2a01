import { findPythons, measureTraining, openEngine, openPython, suites } from '@concordat/benchmarks';
import { expect } from 'chai';
import { pythonWith, skipLoudly } from '../support/python.js';

const question = { participants: 1, parameters: 1, bits: 24, drop: 0, kernels: 'auto', repeats: 1 } as const;
const contest = { network: '2nn', examples: 30, threads: 1 } as const;

describe('the measurement of training', () => {
  it('sets the engine that the ladder takes beside so many times tfjs on wasm, where there is no PyTorch', async () => {
    const line = await measureTraining(question, contest, { timesPyTorch: 1, timesWasm: 2 }, []);
    const rate = (engine: string) => {
      const key = Object.keys(line.detail).find((name) => name.startsWith(engine) && name.endsWith('per CPU second'));
      return key === undefined ? undefined : line.detail[key];
    };
    expect(line.unit).to.equal('examples/s');
    expect(line.limit).to.equal(2 * (rate('tfjs-wasm') as number));
    expect(line.value).to.equal(rate('onnxruntime') ?? rate('tfjs-node') ?? rate('tfjs-wasm'));
    expect([line.detail.limit, line.detail.PyTorch]).to.deep.equal(['2 times tfjs-wasm', 'not installed']);
    // A participant without a fast engine says why, and so does this.
    for (const engine of ['onnxruntime', 'tfjs-node']) {
      expect(rate(engine) ?? line.detail[engine], engine).to.not.equal(undefined);
    }
  });

  it('trains two participants at once where two threads are asked for', async () => {
    const rival = await openEngine('tfjs-wasm', { ...contest, threads: 2 });
    if ('reason' in rival) throw new Error(rival.reason);
    try {
      expect(rival.examples).to.equal(2 * contest.examples);
      expect((await rival.turn()).cpuMillis).to.be.above(0);
    } finally {
      await rival.close();
    }
  });

  it('lets a loop in Python compete, turn by turn, and says its version', async function () {
    const { python, why } = pythonWith('numpy');
    if (python === undefined) return skipLoudly(this, 'a rival in Python', why);
    const [found] = await findPythons([python]);
    const rival = openPython(found!, 'numpy', contest);
    expect(rival.name).to.equal(`numpy ${found!.versions.numpy}`);
    for (let turn = 0; turn < 2; turn++) expect((await rival.turn()).wallMillis).to.be.above(0);
    await rival.close();
    expect(await findPythons(['/nowhere/python3'])).to.deep.equal([]);
  });

  it('is a suite', () => {
    const one = ['train-2nn', 'train-cnn', 'train-gru'];
    expect(suites.training!.map(({ name }) => name)).to.deep.equal([...one, ...one.map((name) => `${name}-2`)]);
  });
});
