import { expect } from 'chai';
import { type Model, sessionUnderAttack, sessionUnderFaults } from './campaign.js';
import { printedSeed } from './seed.js';
import type { Sabotage } from './session-world.js';

const seed = printedSeed();
const runs = 60;

function unbroken(model: Model): void {
  const { violation, outcomes } = model.check({ seed, runs });
  expect(violation, `npm run model -- --models ${model.name} --seed ${seed} --path ${violation?.path}`).to.equal(
    undefined,
  );
  expect(outcomes.opened, 'a model in which no sum is ever opened shows nothing').to.be.greaterThan(runs / 4);
}

describe(`A session (seed ${seed})`, () => {
  it('opens an exact sum or none, whatever the network loses and whoever dies', () => {
    unbroken(sessionUnderFaults());
  });

  it('opens an exact sum or none, and hides everyone, under a coordinator that tells two stories', () => {
    unbroken(sessionUnderAttack());
  });
});

describe('The model of a session sees', () => {
  const seen = (sabotage: Sabotage, model: (sabotage: Sabotage) => Model, rule: RegExp, most: number) => {
    const { violation } = model(sabotage).check({ seed: 7, runs: most, shrink: false });
    expect(violation?.rule).to.match(rule);
  };

  it('a journal that forgets a survivors statement', () => {
    seen('forget-statement', sessionUnderAttack, /^one-certify$/, 400);
  });

  it('a participant that comes back from a snapshot of its memory', () => {
    seen('restore-snapshot', sessionUnderAttack, /^one-certify$/, 400);
  });

  it('a vector that is masked twice', () => {
    seen('forget-vector', sessionUnderFaults, /^one-upload$/, 400);
  });

  it('a journal that forgets everything', () => {
    seen('forget-records', sessionUnderAttack, /^one-advertise|root-erased$/, 400);
  });

  it('an update that is counted twice', () => {
    seen('count-twice', sessionUnderFaults, /^sum-exact$/, 400);
  });
});
