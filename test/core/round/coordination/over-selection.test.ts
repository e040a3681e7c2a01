import { chosenSize } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan } from '../example-plan.js';
import { RoundTable } from '../round-table.js';

const people = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'];
const plan = examplePlan({ rounds: 1, cohort: { min: 3, size: 4, overSelection: 1.5 } });

const tableOf = () => {
  const table = new RoundTable({ plan, people });
  for (const name of people) table.withheld.add(`${name}/train`);
  return table.start();
};
const chosenBy = (table: RoundTable) =>
  people.filter((name) => table.chairs.get(name)!.state.work.type === 'training').sort();
const finish = (table: RoundTable, ...names: readonly string[]) => {
  for (const name of names) table.participant(name, { type: 'trained', round: 1 });
  return table;
};

describe('A round that chooses more than it needs', () => {
  it('has ⌈cohort.size · overSelection⌉ organizations train, and waits for as many', () => {
    expect(chosenSize(plan)).to.equal(6);
    expect(chosenSize(examplePlan())).to.equal(5);
    const table = new RoundTable({ plan, people });
    for (const name of people) table.withheld.add(`${name}/train`);
    table.start(...people.slice(0, 5));
    expect(table.state.stage.type).to.equal('select');
    expect(chosenBy(table.connect('zeta'))).to.have.lengthOf(6);
  });

  it('opens its session with the first cohort.size that are ready, and tells the others so', () => {
    const table = tableOf();
    const chosen = chosenBy(table);
    finish(table, ...chosen.slice(0, 3));
    expect(table.state.stage.type).to.equal('train');
    finish(table, chosen[3]!);
    expect(table.rounds[0]!.survivors).to.deep.equal(chosen.slice(0, 4));
    expect(table.rounds[0]!.cohort).to.deep.equal(chosen);
    for (const late of chosen.slice(4)) {
      expect(table.told(late)).to.include('not-chosen');
      expect(table.rounds[0]!.dropped).to.deep.include({
        participant: late,
        step: 'train',
        reason: 'was not ready in time',
        bytesReceived: 0,
        bytesExpected: 0,
      });
    }
  });

  it('goes on with as many as the plan needs when some of those chosen are gone', () => {
    const table = tableOf();
    const chosen = chosenBy(table);
    for (const name of chosen.slice(0, 3)) table.disconnect(name);
    finish(table, ...chosen.slice(3));
    expect(table.rounds[0]!.survivors).to.deep.equal(chosen.slice(3));
  });
});
