import { expect } from 'chai';
import { examplePlan } from '../example-plan.js';
import { losingBy } from '../round-readings.js';
import { everyone, RoundTable } from '../round-table.js';

const reason = 'the model is looked at first';
const outcomes = (table: RoundTable) => table.rounds.map(({ round, outcome }) => [round, outcome.type]);
const said = (table: RoundTable, ...types: readonly string[]) =>
  table.progress.flatMap((one) => (types.includes(one.type) ? [one.type] : []));

describe('A run that the operator pauses', function () {
  this.timeout(120_000);
  /** In its first round, which waits for one vector. */
  const within = () => {
    const table = new RoundTable();
    table.withheld.add('delta/vector');
    return table.start();
  };
  const over = 1_000_000;

  it('ends the round under way as if nobody had said anything, and begins no other', () => {
    const table = within().coordinator({ type: 'pause', reason });
    expect(table.state.stage.type).to.equal('session');
    expect(said(table, 'pausing', 'paused')).to.deep.equal(['pausing']);
    table.pass(over);
    expect(outcomes(table)).to.deep.equal([[1, 'published']]);
    expect(table.state.stage).to.deep.equal({ type: 'paused', reason });
    expect(said(table, 'pausing', 'paused')).to.deep.equal(['pausing', 'paused']);
    for (const name of everyone.filter((one) => one !== 'delta')) {
      const heard = table.chairs.get(name)!.effects.flatMap((one) => (one.type === 'report' ? [one.progress] : []));
      expect(heard.at(-1), name).to.deep.equal({ type: 'paused', reason });
    }
  });

  it('says a reason that is too long with its beginning and its end, in the length that a participant takes', () => {
    const long = `gamma and ${'another, '.repeat(400)}end the run`;
    const table = within().coordinator({ type: 'pause', reason: long }).pass(over);
    const { stage } = table.state;
    const shown = stage.type === 'paused' ? stage.reason : '';
    expect(shown).to.have.lengthOf(1024);
    expect(shown.startsWith('gamma and another') && shown.endsWith('another, end the run')).to.equal(true);
    for (const name of everyone) {
      const heard = table.chairs.get(name)!.effects.flatMap((one) => (one.type === 'report' ? [one.progress] : []));
      if (name !== 'delta') expect(heard.at(-1), name).to.deep.equal({ type: 'paused', reason: shown });
    }
  });

  it('goes on from the model it published when it is resumed', () => {
    const table = within().coordinator({ type: 'pause', reason }).pass(over);
    table.withheld.clear();
    table.coordinator({ type: 'resume' });
    expect(outcomes(table)).to.deep.equal([
      [1, 'published'],
      [2, 'published'],
    ]);
    expect(table.state.stage).to.include({ type: 'over', outcome: 'completed' });
    expect(said(table, 'resumed')).to.deep.equal(['resumed']);
  });

  it('does not pause when it is resumed before the round ends', () => {
    const table = within().coordinator({ type: 'pause', reason }).coordinator({ type: 'resume' });
    table.withheld.clear();
    table.pass(over);
    expect(table.state.stage).to.include({ type: 'over', outcome: 'completed' });
    expect(said(table, 'pausing', 'resumed', 'paused')).to.deep.equal(['pausing', 'resumed']);
  });

  it('pauses at once while members are only awaited; the round counts as no shortfall', () => {
    const plan = examplePlan({ rounds: 1, onShortfall: { action: 'retry', times: 0 } });
    const table = new RoundTable({ plan }).start('alpha', 'beta').coordinator({ type: 'pause', reason });
    expect(table.state.stage).to.deep.equal({ type: 'paused', reason });
    expect(outcomes(table)).to.deep.equal([[1, 'abandoned']]);
    expect(table.told('alpha').slice(-2)).to.deep.equal(['abandoned', 'paused']);
    for (const name of everyone.slice(2)) table.connect(name);
    expect(table.told('gamma')).to.deep.equal(['run', 'paused']);
    table.coordinator({ type: 'resume' });
    expect(table.rounds.at(-1)!.outcome.type).to.equal('published');
  });

  it('waits for the aborts of a session that is given up first, so that its updates are free', () => {
    const table = losingBy(examplePlan({ onShortfall: { action: 'retry', times: 3 } }), 'gamma', 'delta', 'epsilon');
    table.coordinator({ type: 'pause', reason }).pass(10_000);
    expect(table.state.stage.type).to.equal('settle');
    table.pass(over);
    expect(table.state.stage).to.deep.equal({ type: 'paused', reason });
    expect(table.rounds).to.have.lengthOf(1);
  });

  it('has one reason: a second pause, and one of a run that is paused, ends or is over, changes nothing', () => {
    const pausing = within().coordinator({ type: 'pause', reason });
    for (const table of [
      pausing,
      within().coordinator({ type: 'pause', reason }).pass(over),
      new RoundTable().start(),
    ]) {
      const before = [table.state.stage, table.state.pausing, table.journal.length];
      table.coordinator({ type: 'pause', reason: 'another' });
      expect([table.state.stage, table.state.pausing, table.journal.length]).to.deep.equal(before);
    }
  });

  it('ends when the operator ends it, pausing or paused', () => {
    for (const after of [0, over]) {
      const table = within().coordinator({ type: 'pause', reason }).pass(after);
      table.coordinator({ type: 'abort', reason: 'for good' }).pass(over);
      expect(table.state.stage).to.include({ type: 'over', outcome: 'aborted' });
    }
  });

  it('completes when no round is left to begin', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('delta/vector');
    table.start().coordinator({ type: 'pause', reason }).pass(over);
    expect(table.state.stage).to.include({ type: 'over', outcome: 'completed' });
  });

  it('pauses as well when its coordinator is killed within any event in between', () => {
    const plain = within().coordinator({ type: 'pause', reason });
    const before = plain.taken - 1;
    for (let event = 1; event <= plain.pass(over).taken - before; event++) {
      const table = within();
      table.killedWithin = before + event;
      table.coordinator({ type: 'pause', reason });
      // Whoever asked got no answer, and asks again.
      if (event === 1) table.coordinator({ type: 'pause', reason });
      table.pass(over);
      expect(table.state.stage, `within event ${event}`).to.deep.equal({ type: 'paused', reason });
      expect(outcomes(table), `within event ${event}`).to.deep.equal([[1, 'published']]);
    }
  });

  it('stays resumed when its coordinator is killed after that', () => {
    const table = within().coordinator({ type: 'pause', reason }).coordinator({ type: 'resume' }).restartCoordinator();
    expect(table.state.pausing).to.equal(undefined);
    expect(table.pass(over).state.stage).to.include({ type: 'over', outcome: 'completed' });
  });

  it('pauses while members are awaited again after a restart', () => {
    const table = new RoundTable().start('alpha', 'beta');
    table.killedWithin = table.taken + 1;
    table.coordinator({ type: 'pause', reason });
    if (table.state.pausing === undefined && table.state.stage.type !== 'paused')
      table.coordinator({ type: 'pause', reason });
    expect(table.state.stage).to.deep.equal({ type: 'paused', reason });
  });
});
