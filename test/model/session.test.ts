import { expect } from 'chai';
import { type Model, sessionUnderAttack, sessionUnderFaults } from './campaign.js';
import { printedSeed } from './seed.js';
import type { Sabotage } from './session-chair.js';

const seed = printedSeed();
const [runs, hostileRuns] = [60, 400];

function unbroken(model: Model, runs: number): void {
  const { violation, outcomes } = model.check({ seed, runs });
  expect(violation, `npm run model -- --models ${model.name} --seed ${seed} --path ${violation?.path}`).to.equal(
    undefined,
  );
  expect(outcomes.opened, 'a model in which no sum is ever opened shows nothing').to.be.greaterThan(runs / 4);
  expect(outcomes.aborted, 'nor one in which no session is ever aborted').to.be.greaterThan(0);
}

describe(`A session (seed ${seed})`, function () {
  this.timeout(120_000);
  it('opens an exact sum or none, whatever the network loses and whoever dies', () => {
    unbroken(sessionUnderFaults(), runs);
  });

  it('opens an exact sum or none, and hides everyone, under a coordinator that tells two stories', () => {
    unbroken(sessionUnderAttack(), hostileRuns);
  });
});

describe('The model of a session sees', function () {
  this.timeout(120_000);
  const seen = (sabotage: Sabotage, model: (sabotage: Sabotage) => Model, rule: RegExp, seed: number) => {
    const { violation } = model(sabotage).check({ seed, runs: 60, shrink: false });
    expect(violation?.rule).to.match(rule);
  };

  it('a journal that forgets a survivors statement', () => {
    seen('forget-statement', sessionUnderAttack, /^one-certify$/, 5);
  });

  it('a journal that forgets an abort', () => {
    seen('forget-abort', sessionUnderAttack, /^abort-and-reveal|statement-after-abort|root-erased$/, 5);
  });

  it('a participant that comes back from a snapshot of its memory', () => {
    seen('restore-snapshot', sessionUnderAttack, /^one-certify|abort-and-reveal$/, 5);
  });

  it('a vector that is masked twice', () => {
    seen('forget-vector', sessionUnderFaults, /^one-upload$/, 7);
  });

  it('a journal that forgets everything', () => {
    seen('forget-records', sessionUnderAttack, /^one-advertise|root-erased$/, 7);
  });

  it('an update that is counted twice', () => {
    seen('count-twice', sessionUnderFaults, /^sum-exact$/, 7);
  });
});
