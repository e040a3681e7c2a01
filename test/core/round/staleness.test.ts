import { meanScale, type StalenessWeight, scaleMean } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan } from './example-plan.js';

const planOf = (stalenessWeight: StalenessWeight) =>
  examplePlan({ mode: { async: { bufferSize: 4, maxStaleness: 9, stalenessWeight } } });

describe('the mean of a stale session', () => {
  it('counts as the plan says', () => {
    expect([0, 1, 3].map((staleness) => meanScale(planOf('none'), staleness))).to.deep.equal([1, 1, 1]);
    expect([0, 1, 3].map((staleness) => meanScale(planOf('inverse'), staleness))).to.deep.equal([1, 0.5, 0.25]);
    expect([0, 3, 8].map((staleness) => meanScale(planOf('inverse-sqrt'), staleness))).to.deep.equal([1, 0.5, 1 / 3]);
    expect(meanScale(examplePlan(), 0)).to.equal(1);
  });

  it('is rounded to float32 once, in place', () => {
    const mean = Float32Array.of(1, -3, 0.1);
    expect(scaleMean(mean, 1 / 3)).to.equal(mean);
    expect([...mean]).to.deep.equal([1 / 3, -1, Math.fround(0.1) / 3].map(Math.fround));
    expect([...scaleMean(Float32Array.of(-0, 0.1), 1)]).to.deep.equal([-0, Math.fround(0.1)]);
  });
});
