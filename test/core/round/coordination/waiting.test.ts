import { expect } from 'chai';
import { examplePlan } from '../example-plan.js';
import { RoundTable } from '../round-table.js';

const hundred = Array.from({ length: 100 }, (_, i) => `p${String(i + 1).padStart(3, '0')}`);

const tableOf = (min: number) =>
  new RoundTable({ plan: examplePlan({ cohort: { min, size: 100 } }), people: hundred }).coordinator({
    type: 'start',
    wallMillis: 0,
  });

/** What a participant was told, one after the other, of whom a selection lacks. */
const toldTo = (table: RoundTable, name: string) =>
  table.effects.flatMap((effect) =>
    effect.type === 'send' && effect.to === name && effect.message.type === 'waiting' ? [effect.message] : [],
  );

const reports = (table: RoundTable, phase: string) =>
  table.progress.flatMap((one) => (one.type === 'waiting' && one.phase === phase ? [one.awaited.length] : []));

describe('a selection of a hundred', () => {
  it('tells whoever comes at once whom it lacks, by name', () => {
    const table = tableOf(100);
    hundred.slice(0, 99).forEach((name, i) => {
      table.connect(name);
      const [told, ...more] = toldTo(table, name);
      expect(told!.awaited, name).to.deep.equal(hundred.slice(i + 1));
      expect(more, name).to.deep.equal([]);
    });
  });

  it('tells the others when half of the list has come, and each time once it is short', () => {
    const table = tableOf(100);
    for (const name of hundred.slice(0, 99)) table.connect(name);
    const lengths = [50, ...Array.from({ length: 32 }, (_, i) => 32 - i)];
    expect(toldTo(table, 'p001').map(({ awaited }) => awaited.length)).to.deep.equal([99, ...lengths]);
    expect(reports(table, 'select')).to.deep.equal([100, ...lengths]);
    expect(toldTo(table, 'p001').at(-1)!.awaited).to.deep.equal(['p100']);
  });

  it('tells everybody at once when enough are there', () => {
    const table = tableOf(20);
    for (const name of hundred.slice(0, 19)) table.connect(name);
    const before = toldTo(table, 'p001').length;
    table.connect('p020');
    expect(toldTo(table, 'p001').length).to.equal(before + 1);
    const told = toldTo(table, 'p001').at(-1)!;
    expect(told.then).to.equal('the round starts with 20 ≥ 20');
    expect(told).to.deep.include({ awaited: hundred.slice(20), remainingMillis: 5000 });
  });

  it('tells everybody when enough are not there any more', () => {
    const table = tableOf(20);
    for (const name of hundred.slice(0, 20)) table.connect(name);
    table.disconnect('p020');
    expect(toldTo(table, 'p001').at(-1)!.then).to.match(/^the round is abandoned with 19 of at least 20 /);
  });

  it('counts whoever leaves like whoever comes', () => {
    const table = tableOf(100);
    for (const name of hundred.slice(0, 99)) table.connect(name);
    for (const name of hundred.slice(40, 99)) table.disconnect(name);
    const { awaited } = toldTo(table, 'p001').at(-1)!;
    expect(awaited.length).to.be.within(40, 60);
    table.connect('p041');
    expect(toldTo(table, 'p041').at(-1)!.awaited).to.deep.equal(hundred.slice(41));
  });
});

it('a training of a hundred is reported when enough are ready, when half are, and each time once they are few', () => {
  const table = tableOf(20);
  table.withheld.add('p100/train');
  for (const name of hundred) table.connect(name);
  expect(reports(table, 'train')).to.deep.equal([100, 80, 40, ...Array.from({ length: 32 }, (_, i) => 32 - i)]);
  expect(table.waiting).to.equal('waiting for 1 of 100 (p100), 30 s; then the session opens with 99 ≥ 20');
});
