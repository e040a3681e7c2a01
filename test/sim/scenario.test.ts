import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FederatedError } from '@concordat/core';
import { checkScenario, countOf, parseScenario } from '@concordat/sim';
import { expect } from 'chai';

function refusalOf(work: () => unknown): FederatedError {
  try {
    work();
  } catch (error) {
    if (error instanceof FederatedError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a scenario', () => {
  it('five.yaml holds', () => {
    const path = resolve(import.meta.dirname, '../../../sim/scenarios/five.yaml');
    const scenario = parseScenario(readFileSync(path, 'utf8'), path);
    expect([scenario.participants, scenario.rounds, scenario.drops.length]).to.deep.equal([5, 3, 2]);
  });

  it('thousand-in-groups.yaml holds, and loses 30 % of a thousand', () => {
    const path = resolve(import.meta.dirname, '../../../sim/scenarios/thousand-in-groups.yaml');
    const scenario = parseScenario(readFileSync(path, 'utf8'), path);
    expect([scenario.participants, scenario.parameters, scenario.cohort.max]).to.deep.equal([1000, 100_000, 256]);
    const lost = scenario.drops.reduce((sum, drop) => sum + ('share' in drop ? countOf(scenario, drop.share) : 1), 0);
    expect(lost).to.equal(300);
  });

  it('needs a name, participants and rounds; the rest has defaults', () => {
    const scenario = checkScenario({ name: 'small', participants: 5, rounds: 1 });
    expect(scenario.cohort).to.deep.equal({ min: 4, size: 5, max: 5 });
    expect([scenario.reportingGoal, scenario.minSurvivors, scenario.maxColluders]).to.deep.equal([4, 3, 1]);
    expect([scenario.bits, scenario.quantBits, scenario.seed]).to.deep.equal([24, 16, 1]);
  });

  it('names every wrong line, what is required there and what to do', () => {
    const lines = ['name: Five!', 'participants: 2', 'rounds: 1', 'bits: 20', 'partcipants: 3', 'drops: [{round: 1}]'];
    const error = refusalOf(() => parseScenario(lines.join('\n'), 'wrong.yaml'));
    expect(error.code).to.equal('invalid-argument');
    expect(error.detail.problems).to.have.length(5);
    for (const problem of [
      'wrong.yaml:1: name: required lower-case letters, digits and hyphens, at most 63; offered "Five!"',
      'wrong.yaml:2: participants: required a whole number from 3 to 4096; offered 2',
      'wrong.yaml:4: bits: required one of 16, 24, 32; offered 20',
      'wrong.yaml:5: partcipants: required one of name, seed',
      'Did you mean participants?',
      'wrong.yaml:6: drops.0: required {round, participant, step} with a place from 1, or {round, share, step}',
    ]) {
      expect(error.message).to.include(problem);
    }
    expect(error.fix).to.match(/^Correct all of these\./);
    expect(refusalOf(() => parseScenario('name: one\nparticipants: 3\n', 'short.yaml')).fix).to.include('five.yaml');
  });

  it('may have other settings than its file says, and names those that are wrong', () => {
    const text = 'name: one\nparticipants: 5\nrounds: 2\ndrops: [{ round: 1, participant: 1, step: upload }]\n';
    const overrides = [
      { path: 'rounds', value: 3 },
      { path: 'link.latencyMillis', value: 7 },
      { path: 'drops.0.step', value: 'reveal' },
    ];
    const { rounds, link, drops } = parseScenario(text, 'one.yaml', overrides);
    expect([rounds, link.latencyMillis, drops[0]!.step]).to.deep.equal([3, 7, 'reveal']);
    const error = refusalOf(() => parseScenario(text, 'one.yaml', [{ path: 'train.epochs', value: 0 }]));
    expect(error.message).to.include(
      '--set train.epochs: train.epochs: required a whole number from 1 to 1000; offered 0',
    );
  });

  it('refuses a field it does not know', () => {
    const error = refusalOf(() => checkScenario({ name: 'x', participants: 3, rounds: 1, partcipants: 4 }));
    expect(error.message).to.include('partcipants');
  });

  it('that is not YAML is refused with the place', () => {
    const error = refusalOf(() => parseScenario('name: [', 'broken.yaml'));
    expect(error.code).to.equal('invalid-argument');
    expect(error.message).to.match(/^broken\.yaml:1: file: required YAML/);
  });

  it('drops nobody who is not there', () => {
    const drops = [{ round: 1, participant: 6, step: 'upload' as const }];
    const error = refusalOf(() => checkScenario({ name: 'x', participants: 5, rounds: 1, drops }));
    expect(error.message).to.include('participant 6 of 5');
  });

  it('drops one participant or a share of them, above nothing', () => {
    const refused = (drop: object) =>
      refusalOf(() => checkScenario({ name: 'x', participants: 5, rounds: 1, drops: [drop] }));
    expect(refused({ round: 1, share: 0, step: 'upload' }).message).to.include('drops.0.share:');
    const either =
      'drops.0: {round, participant, step} with a place from 1, or {round, share, step} with a share above 0';
    const wrong = [
      { round: 1, step: 'upload' },
      { round: 1, step: 'upload', share: 0.1, participant: 1 },
    ];
    for (const drop of wrong) expect(refused(drop).message).to.include(either);
    expect(refused(wrong[0]!).fix).to.include('five.yaml');
  });

  it('has no more leave a round than there are', () => {
    const drops = [
      { round: 2, share: 0.8, step: 'upload' as const },
      { round: 2, share: 0.2, step: 'reveal' as const },
      { round: 2, participant: 1, step: 'train' as const },
    ];
    const error = refusalOf(() => checkScenario({ name: 'x', participants: 5, rounds: 2, drops }));
    expect(error.code).to.equal('invalid-argument');
    expect(error.message).to.include('drops have 6 of 5 participants leave round 2');
    expect(error.fix).to.include('round 2');
    expect(checkScenario({ name: 'x', participants: 5, rounds: 2, drops: drops.slice(0, 2) }).drops).to.have.lengthOf(
      2,
    );
  });
});
