import { FederatedError, fedAvg } from '@concordat/core';
import { expect } from 'chai';

describe('federated averaging', () => {
  it('adds the mean delta to the model and leaves both as they were', () => {
    const model = Float32Array.of(1, 2, 3);
    const mean = Float32Array.of(0.5, -2, 0);
    expect([...fedAvg.apply(model, mean, fedAvg.init(model)).model]).to.deep.equal([1.5, 0, 3]);
    expect([...model, ...mean]).to.deep.equal([1, 2, 3, 0.5, -2, 0]);
  });

  it('refuses a mean of another length', () => {
    expect(() => fedAvg.apply(new Float32Array(2), new Float32Array(3), undefined)).to.throw(FederatedError);
  });
});
