import { measureTraining, suites, twoHiddenLayers } from '@concordat/benchmarks';
import { expect } from 'chai';

const question = { participants: 1, parameters: 1, bits: 24, drop: 0, kernels: 'auto', repeats: 1 } as const;

describe('the measurement of training', () => {
  it('sets the engine that the ladder takes beside so many times tfjs on wasm of the same run', async () => {
    const line = await measureTraining(question, { ...twoHiddenLayers(), examples: 30 }, 2);
    const rate = (engine: string) => line.detail[`${engine} per second`];
    expect(line.unit).to.equal('examples/s');
    expect(line.limit).to.equal(2 * (rate('tfjs-wasm') as number));
    expect(line.value).to.equal(rate('onnxruntime') ?? rate('tfjs-node') ?? rate('tfjs-wasm'));
    // A participant without a fast engine says why, and so does this.
    for (const engine of ['onnxruntime', 'tfjs-node'])
      expect(rate(engine) ?? line.detail[engine]).to.not.equal(undefined);
  });

  it('is a suite', () => {
    expect(suites.training!.map(({ name }) => name)).to.deep.equal(['train-2nn', 'train-cnn']);
  });
});
