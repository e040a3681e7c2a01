import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FederatedError } from '@concordat/core';
import { checkScenario, parseScenario } from '@concordat/sim';
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

  it('needs a name, participants and rounds; the rest has defaults', () => {
    const scenario = checkScenario({ name: 'small', participants: 5, rounds: 1 });
    expect(scenario.cohort).to.deep.equal({ min: 4, size: 5, max: 5 });
    expect([scenario.reportingGoal, scenario.minSurvivors, scenario.maxColluders]).to.deep.equal([4, 3, 1]);
    expect([scenario.bits, scenario.quantBits, scenario.seed]).to.deep.equal([24, 16, 1]);
  });

  it('names every wrong field and says what to do', () => {
    const error = refusalOf(() => parseScenario('name: Five!\nparticipants: 2\nrounds: 1\nbits: 20\n', 'wrong.yaml'));
    expect(error.code).to.equal('invalid-argument');
    expect(error.message)
      .to.include('wrong.yaml')
      .and.include('name:')
      .and.include('participants:')
      .and.include('bits:');
    expect(error.fix).to.include('five.yaml');
  });

  it('refuses a field it does not know', () => {
    const error = refusalOf(() => checkScenario({ name: 'x', participants: 3, rounds: 1, partcipants: 4 }));
    expect(error.message).to.include('partcipants');
  });

  it('that is not YAML is refused with the place', () => {
    const error = refusalOf(() => parseScenario('name: [', 'broken.yaml'));
    expect(error.code).to.equal('invalid-argument');
    expect(error.message).to.include('broken.yaml is not YAML');
  });

  it('drops nobody who is not there', () => {
    const drops = [{ round: 1, participant: 6, step: 'upload' as const }];
    const error = refusalOf(() => checkScenario({ name: 'x', participants: 5, rounds: 1, drops }));
    expect(error.message).to.include('participant 6 of 5');
  });
});
