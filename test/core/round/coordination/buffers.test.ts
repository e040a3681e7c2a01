import { type AsyncRules, type CoordinationEffect, meanScale } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan } from '../example-plan.js';
import { RoundTable } from '../round-table.js';

const people = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'] as const;
const [quick, slow] = [people.slice(0, 4), people.slice(4)];

const asynchronous = (rules: Partial<AsyncRules> = {}, over: Parameters<typeof examplePlan>[0] = {}) =>
  examplePlan({
    rounds: 6,
    cohort: { min: 3, size: 8, max: 8 },
    mode: { async: { bufferSize: 4, maxStaleness: 2, stalenessWeight: 'inverse', ...rules } },
    ...over,
  });

/** Everybody is here, and trains until a test says that it is done. */
const tableOf = (plan = asynchronous(), names: readonly string[] = people) => {
  const table = new RoundTable({ plan, people: names });
  for (const name of names) table.withheld.add(`${name}/train`);
  return table.start();
};

/** The training of each is done. */
const finish = (table: RoundTable, ...names: readonly string[]) => {
  for (const name of names) {
    const { work } = table.chairs.get(name)!.state;
    if (work.type !== 'training') throw new Error(`${name} is ${work.type}`);
    table.participant(name, { type: 'trained', round: work.round });
  }
  return table;
};

const works = (table: RoundTable) => people.map((name) => table.chairs.get(name)!.state.work.type);
const rounds = (table: RoundTable) =>
  table.rounds.map(({ baseModelVersion, survivors, outcome }) => [baseModelVersion, survivors.join(' '), outcome.type]);
const published = (table: RoundTable) =>
  table.effects.filter((one): one is Extract<CoordinationEffect, { type: 'publish' }> => one.type === 'publish');
const fetched = (table: RoundTable, name: string) =>
  table.chairs.get(name)!.effects.flatMap((one) => (one.type === 'train' ? [one.modelVersion] : []));

describe('An asynchronous run', function () {
  this.timeout(120_000);

  it('opens a session as soon as a buffer is full; whoever trains goes on training', () => {
    const table = finish(tableOf(), ...quick);
    expect(rounds(table)).to.deep.equal([[0, [...quick].sort().join(' '), 'published']]);
    expect(works(table)).to.deep.equal(people.map(() => 'training'));
    expect(fetched(table, 'alpha')).to.deep.equal([0, 1]);
    expect(fetched(table, 'theta')).to.deep.equal([0]);
  });

  it('applies the mean of stragglers to the model that is current then, and counts it by its staleness', () => {
    const table = finish(finish(tableOf(), ...quick), ...quick);
    finish(table, ...slow);
    expect(rounds(table).map(([base]) => base)).to.deep.equal([0, 1, 0]);
    const [, second, third] = published(table);
    expect(published(table).map(({ staleness, modelVersion }) => [staleness, modelVersion])).to.deep.equal([
      [0, 1],
      [0, 2],
      [2, 3],
    ]);
    expect(third!.currentModelHash).to.not.deep.equal(second!.currentModelHash);
    expect(meanScale(table.plan, 2)).to.equal(1 / 3);
    expect(table.rounds[2]!.survivors).to.deep.equal([...slow].sort());
  });

  it('opens no second session beside the one under way: who is ready meanwhile is in the next', () => {
    const table = tableOf();
    table.withheld.add('alpha/vector');
    finish(table, ...quick);
    finish(table, ...slow);
    expect(table.state.stage.type).to.equal('session');
    expect(rounds(table)).to.deep.equal([]);
    table.withheld.delete('alpha/vector');
    table.pass(20_000);
    expect(rounds(table).map(([base, who, outcome]) => [base, outcome, String(who).split(' ').length])).to.deep.equal([
      [0, 'published', 3],
      [0, 'published', 4],
    ]);
  });

  it('drops an update that is older than the plan allows, and has its participant train from the current model', () => {
    const table = tableOf(asynchronous({ maxStaleness: 1 }));
    finish(table, ...quick);
    finish(table, 'theta', ...quick);
    expect(table.told('theta')).to.include('not-chosen');
    expect(fetched(table, 'theta')).to.deep.equal([0, 2]);
    expect(fetched(table, 'eta')).to.deep.equal([0, 2]);
    expect(works(table)).to.deep.equal(people.map(() => 'training'));
  });

  it('opens a buffer of an older model that nobody else can fill, with cohort.min; fewer are dropped', () => {
    const left = finish(tableOf(), ...quick);
    left.disconnect('theta');
    finish(left, 'epsilon', 'zeta', 'eta');
    expect(rounds(left).at(-1)).to.deep.equal([0, 'epsilon eta zeta', 'published']);
    const few = finish(tableOf(), ...quick);
    for (const name of ['theta', 'eta']) few.disconnect(name);
    finish(few, 'epsilon', 'zeta');
    expect(fetched(few, 'zeta'), 'the others may come back').to.deep.equal([0]);
    few.pass(60_000).connect('eta');
    expect(fetched(few, 'zeta')).to.deep.equal([0, 1]);
    expect(fetched(few, 'eta')).to.deep.equal([0, 1]);
    expect(rounds(few).map(([, , outcome]) => outcome)).to.deep.equal(['published', 'abandoned']);
  });

  it('has at most cohort.size train at a time', () => {
    const table = tableOf(asynchronous({}, { cohort: { min: 3, size: 5, max: 5 } }));
    expect(works(table).filter((work) => work === 'training')).to.have.lengthOf(5);
    const busy = people.filter((name) => table.chairs.get(name)!.state.work.type === 'training');
    finish(table, busy[0]!, busy[1]!);
    table.connect(people.find((name) => !busy.includes(name))!);
    expect(works(table).filter((work) => work === 'training')).to.have.lengthOf(5);
  });

  it('asks whoever declined again only from another model', () => {
    const table = tableOf();
    const work = table.chairs.get('theta')!.state.work as { readonly round: number };
    const said = {
      type: 'decline',
      step: 'train',
      code: 'internal',
      rule: 'data.missing',
      message: 'no data',
    } as const;
    table.coordinator({ type: 'message', participant: 'theta', message: { ...said, round: work.round } });
    table.participant('theta', { type: 'message', message: { type: 'not-chosen', round: work.round, reason: '' } });
    table.connect('eta');
    expect(fetched(table, 'theta')).to.deep.equal([0]);
    finish(table, ...quick);
    expect(fetched(table, 'theta')).to.deep.equal([0, 1]);
  });

  it('says who is awaited, and opens at the deadline with whoever is ready if they are enough', () => {
    const table = finish(tableOf(), 'alpha', 'beta', 'gamma');
    expect(table.waiting).to.equal(
      'waiting for 5 of 8 (delta, epsilon, eta, theta, zeta), 60 s; then the session opens with 3 ≥ 3',
    );
    table.pass(60_000);
    expect(rounds(table)).to.deep.equal([[0, 'alpha beta gamma', 'published']]);
  });

  it('abandons a round at the deadline when too few are ready; they keep their updates', () => {
    const table = finish(tableOf(), 'alpha', 'beta');
    table.pass(60_000);
    expect(rounds(table)).to.deep.equal([[0, '', 'abandoned']]);
    expect(table.rounds[0]!.outcome).to.include({
      phase: 'train',
      reason: '2 updates of one model were ready in time, 3 are needed',
    });
    finish(table, 'gamma', 'delta');
    expect(rounds(table).at(-1)).to.deep.equal([0, 'alpha beta delta gamma', 'published']);
    expect(fetched(table, 'alpha')).to.deep.equal([0, 1]);
  });

  it('ends with its last model: nobody trains behind it', () => {
    const table = finish(tableOf(asynchronous({}, { rounds: 1 })), ...quick);
    expect(table.state.stage).to.include({ type: 'over', outcome: 'completed' });
    expect(works(table)).to.deep.equal(people.map(() => 'idle'));
  });

  it('pauses between rounds, and goes on with what was trained meanwhile', () => {
    const table = tableOf().coordinator({ type: 'pause', reason: 'the model is looked at' });
    expect(table.state.stage.type).to.equal('paused');
    finish(table, ...quick);
    expect(rounds(table)).to.deep.equal([]);
    table.coordinator({ type: 'resume' });
    expect(rounds(table)).to.deep.equal([[0, [...quick].sort().join(' '), 'published']]);
  });

  it('goes on when its coordinator is killed within any event: nobody trains anew, and the same rounds come out', () => {
    const play = (killedWithin?: number) => {
      const table = new RoundTable({ plan: asynchronous({}, { rounds: 3 }), people });
      table.killedWithin = killedWithin;
      for (const name of people) table.withheld.add(`${name}/train`);
      table.start();
      finish(finish(table, ...quick), ...slow);
      // What was said to the process that ended is said again by whoever comes back.
      for (const name of people) table.connect(name);
      return table.pass(200_000);
    };
    const plain = play();
    expect(
      rounds(plain)
        .slice(0, 2)
        .map(([base, , outcome]) => [base, outcome]),
    ).to.deep.equal([
      [0, 'published'],
      [0, 'published'],
    ]);
    for (let event = 1; event <= plain.taken; event += 1) {
      const table = play(event);
      expect(rounds(table).slice(0, 2), `within event ${event}`).to.deep.equal(rounds(plain).slice(0, 2));
      for (const name of people) {
        const anew = fetched(table, name).filter((version) => version === 0);
        expect(anew, `${name} within event ${event}`).to.have.lengthOf(1);
      }
    }
  });

  it('trains anew what a participant lost with its process, from the same model', () => {
    const table = finish(tableOf(), ...quick);
    table.kill('theta').connect('theta');
    expect(fetched(table, 'theta')).to.deep.equal([0, 0]);
    finish(table, ...slow);
    expect(rounds(table).at(-1)).to.deep.equal([0, [...slow].sort().join(' '), 'published']);
  });

  it('measures its last model in a round like any other', () => {
    const plan = asynchronous({}, { rounds: 1, metrics: [{ name: 'accuracy', kind: 'rate', max: 1 }] });
    const table = finish(tableOf(plan), ...quick);
    expect(table.state.stage).to.include({ type: 'train' });
    finish(table, ...people);
    expect(table.evaluations.map(({ outcome }) => outcome.type)).to.deep.equal(['evaluated']);
    expect(table.state.stage).to.include({ type: 'over', outcome: 'completed' });
  });
});
