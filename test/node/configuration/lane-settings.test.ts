import { kernelProblems, kernelsSetting, resolveSettings } from '@concordat/node';
import { expect } from 'chai';

const never = () => false;
const asked = (flags: Record<string, string>, environment: Record<string, string> = {}) =>
  resolveSettings({ kernels: kernelsSetting }, { flags, environment }).effective;

describe('the setting of the kernels', () => {
  it('is a problem where WebAssembly is forced and cannot run, and says where that was asked', () => {
    const [problem] = kernelProblems(asked({ kernels: 'wasm' }), never);
    expect(problem).to.include({ severity: 'error', where: '--kernels', setting: 'kernels' });
    expect(problem!.required).to.include('SIMD');
    expect(problem!.fix).to.include('auto');
    const [second] = kernelProblems(asked({}, { CONCORDAT_KERNELS: 'wasm' }), never);
    expect(second!.where).to.equal('CONCORDAT_KERNELS');
  });

  it('is none where they run, or where anything else was asked', () => {
    expect(kernelProblems(asked({ kernels: 'wasm' }))).to.deep.equal([]);
    expect(kernelProblems(asked({ kernels: 'plain' }), never)).to.deep.equal([]);
    expect(kernelProblems(asked({}), never)).to.deep.equal([]);
  });
});
