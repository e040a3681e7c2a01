import { expect } from 'chai';
import { type Model, roundsUnderAttack, roundsUnderFaults } from './campaign.js';
import type { RoundSabotage } from './round-chair.js';
import { printedSeed } from './seed.js';

const seed = printedSeed();
const runs = 30;

function unbroken(model: Model): void {
  const { violation, outcomes } = model.check({ seed, runs });
  const replay = `npm run model -- --models ${model.name} --seed ${seed} --path ${violation?.path}`;
  expect(violation, replay).to.equal(undefined);
  expect(outcomes.completed, 'a model in which no run is ever completed shows nothing').to.be.greaterThan(runs / 4);
}

describe(`The rounds of a run (seed ${seed})`, function () {
  this.timeout(120_000);
  it('end, and count every update at most once, whatever the network loses and whoever dies', () => {
    unbroken(roundsUnderFaults());
  });

  it('end, and count every update at most once, under a coordinator that opens sessions of its own making', () => {
    unbroken(roundsUnderAttack());
  });
});

describe('The model of rounds sees', function () {
  this.timeout(120_000);
  const seen = (sabotage: RoundSabotage, rule: string, seed: number) => {
    const { violation } = roundsUnderFaults(sabotage).check({ seed, runs: 60, shrink: false });
    expect(violation?.rule).to.equal(rule);
  };

  it('a journal that forgets which rounds were entered', () => {
    seen('forget-entered', 'second-root', 17);
  });

  it('an update that is kept and offered again', () => {
    seen('keep-update', 'P7', 7);
  });
});
