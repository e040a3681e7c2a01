import { type CoordinationRecord, type PlanDraft, toHex } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan, measuredPlan } from './example-plan.js';
import { everyone, RoundTable } from './round-table.js';

const ten = [...everyone, 'zeta', 'eta', 'theta', 'iota', 'kappa'] as const;

/** Groups of three or four of which every member's delta stays within the clipping norm. */
const grouped = (over: Partial<PlanDraft> = {}) =>
  examplePlan({ rounds: 1, cohort: { min: 3, size: 10, max: 4 }, clippingNorm: 8, ...over });

const tableOf = (plan = grouped(), people: readonly string[] = ten) => new RoundTable({ plan, people });

/** Σ w·x/Σ w: weights and deltas are proportional to the chair number. */
const meanOf = (names: readonly string[]) => {
  const chairs = names.map((name) => ten.indexOf(name as (typeof ten)[number]) + 1);
  return chairs.reduce((sum, chair) => sum + chair * chair, 0) / 4 / chairs.reduce((sum, chair) => sum + chair, 0);
};

const sessionRecords = (table: RoundTable, type: string) =>
  table.journal.filter(
    (record): record is Extract<CoordinationRecord, { type: 'session' }> =>
      record.type === 'session' && record.record.type === type,
  );

/** Who was drawn into each group of the last round. */
const groupsIn = (table: RoundTable) =>
  sessionRecords(table, 'session-opened').map(({ record }) =>
    record.type === 'session-opened' ? record.invited : expect.fail(),
  );

/** The groups that the same table will draw: nothing but the coordinator's stream decides. */
const groupsOf = (plan = grouped(), people: readonly string[] = ten) => groupsIn(tableOf(plan, people).start());

const settled = (table: RoundTable) => table.progress.filter(({ type }) => type === 'settled').length;

describe('a round of ten in groups of at most four', () => {
  it('has a session for each group, and everyone in one of them', () => {
    const table = tableOf().start();
    const groups = groupsIn(table);
    expect(groups.map((group) => group.length)).to.deep.equal([4, 3, 3]);
    expect(groups.flat().sort()).to.deep.equal([...ten].sort());
    const opened = sessionRecords(table, 'session-opened');
    expect(opened.map(({ group }) => group)).to.deep.equal([undefined, 1, 2]);
    const configs = opened.map(({ record }) => record.type === 'session-opened' && toHex(record.config.body));
    expect(new Set(configs).size).to.equal(3);
  });

  it('journals every session before anyone hears of one', () => {
    const { effects } = tableOf().start();
    const sent = effects.findIndex(
      (effect) => effect.type === 'send' && effect.message.type === 'session' && effect.message.frame.type === 'open',
    );
    const journalled = effects.slice(0, sent).filter((effect) => {
      if (effect.type !== 'journal' || effect.record.type !== 'session') return false;
      return effect.record.record.type === 'session-opened';
    });
    expect(journalled).to.have.lengthOf(3);
  });

  it('publishes the mean of everybody, as one session would give it', () => {
    const table = tableOf().start();
    const [round] = table.rounds;
    expect(round!.outcome.type).to.equal('published');
    expect(round!.survivors).to.deep.equal([...ten].sort());
    expect(table.sums[0]!.mean).to.be.closeTo(meanOf(ten), 0.002);
    const whole = new RoundTable({ plan: grouped({ cohort: { min: 3, size: 10 } }), people: ten }).start();
    expect(table.sums[0]).to.deep.equal(whole.sums[0]);
  });

  it('records how each group went, which a round of one group does not', () => {
    const table = tableOf().start();
    expect(
      table.rounds[0]!.groups!.map(({ members, survivors, outcome }) => [members, survivors, outcome.type]),
    ).to.deep.equal(groupsIn(table).map((group) => [group, group, 'opened']));
    expect(new RoundTable().start().rounds[0]).not.to.have.property('groups');
  });

  it('measures the last model in groups too', () => {
    const table = tableOf(measuredPlan({ rounds: 1, cohort: { min: 3, size: 10, max: 4 } })).start();
    expect(table.rounds[0]!.metrics[0]!.participants).to.equal(10);
    expect(table.evaluations[0]!.outcome.type).to.equal('evaluated');
    expect(table.evaluations[0]!.metrics[0]!.participants).to.equal(10);
    expect(table.state.stage).to.include({ reason: '1 models published, the last measured by 10 participants' });
  });

  it('answers every message, and whoever repeats one after the round', () => {
    const table = tableOf().start();
    const answers = table.effects.filter(({ type }) => type === 'accepted' || type === 'rejected');
    expect(answers.map(({ type }) => type)).to.deep.equal(new Array(10 * (1 + 7)).fill('accepted'));
  });

  it('goes on in one group at its own deadline when somebody in another is lost', () => {
    const [first] = groupsOf();
    const table = tableOf();
    const lost = first![0]!;
    table.withheld.add(`${lost}/vector`);
    table.start();
    expect(table.waiting).to.equal(`waiting for 1 of 4 (${lost}), 11 s; then group 1 of 3 goes on with 3 ≥ T = 3`);
    table.pass(12_000);
    const [round] = table.rounds;
    expect(round!.outcome.type).to.equal('published');
    expect(round!.recovered).to.deep.equal([lost]);
    const left = ten.filter((name) => name !== lost);
    expect(round!.survivors).to.deep.equal([...left].sort());
    expect(table.sums[0]!.mean).to.be.closeTo(meanOf(left), 0.002);
  });

  it('names everybody who is awaited in any group, and the deadline that is next', () => {
    const [first, second] = groupsOf();
    const table = tableOf();
    for (const name of [first![0]!, second![0]!]) table.withheld.add(`${name}/share`);
    table.start();
    expect(table.waiting).to.equal(
      `waiting for 2 of 7 (${first![0]!}, ${second![0]!}), 10 s; then group 1 of 3 goes on with 3 ≥ T = 3`,
    );
  });
});

describe('a group that fails', () => {
  const losing = (step: string, over: Partial<PlanDraft> = {}, others: readonly string[] = []) => {
    const [, second] = groupsOf(grouped(over));
    const table = tableOf(grouped(over));
    const [lost] = second!;
    for (const what of [`${lost}/${step}`, ...others]) table.withheld.add(what);
    table.start();
    return { table, second: second!, lost: lost! };
  };

  it('is given up alone: the others publish without it, and its members hear why', () => {
    const { table, second, lost } = losing('vector');
    expect(table.waiting).to.contain('then group 2 of 3 is abandoned with 2 of at least 3 and the others go on');
    table.pass(12_000);
    const [round] = table.rounds;
    expect(round!.outcome.type).to.equal('published');
    const others = ten.filter((name) => !second.includes(name));
    expect(round!.survivors).to.deep.equal([...others].sort());
    expect(table.sums[0]!.mean).to.be.closeTo(meanOf(others), 0.002);
    const reason = 'too few masked updates arrived';
    expect(round!.groups![1]).to.deep.equal({
      members: second,
      survivors: [],
      outcome: { type: 'abandoned', phase: 'upload', reason },
    });
    for (const name of second) expect(table.told(name)).to.include('abandoned');
    for (const name of others) expect(table.told(name)).not.to.include('abandoned');
    expect(round!.dropped.map(({ participant, step }) => [participant, step])).to.deep.equal([[lost, 'upload']]);
    expect(table.progress.find(({ type }) => type === 'group-abandoned')).to.include({
      round: 1,
      phase: 'upload',
      reason: `group 2 of 3: ${reason}`,
    });
  });

  it('is settled by itself while the others go on: what its members uploaded is free', () => {
    const [first] = groupsOf();
    const { table, second } = losing('vector', {}, [`${first![0]!}/reveal`, `${first![1]!}/reveal`]);
    table.pass(12_000);
    expect(table.state.stage.type).to.equal('session');
    expect(settled(table)).to.equal(1);
    for (const name of second)
      expect(table.told(name).slice(-3)).to.deep.equal(['abandoned', 'abort-proposal', 'abort-certificate']);
    // Whoever comes back meanwhile is shown the certificate, and is not taken for a member of the round.
    table.disconnect(second[1]!).connect(second[1]!);
    expect(table.told(second[1]!).slice(-2)).to.deep.equal(['run', 'abort-certificate']);
    table.withheld.clear();
    table.disconnect(first![0]!).connect(first![0]!);
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    expect(table.told(second[1]!).slice(-2)).to.deep.equal(['published', 'finished']);
  });

  it('before anything is bound asks for no aborts', () => {
    const { table, second } = losing('share');
    table.pass(60_000);
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    expect(settled(table)).to.equal(0);
    expect(table.told(second[1]!)).not.to.include('abort-proposal');
  });

  it('takes part again in the next round', () => {
    const { table } = losing('vector', { rounds: 2 });
    table.withheld.clear();
    table.pass(100_000);
    expect(table.rounds.map(({ survivors }) => survivors.length)).to.deep.equal([7, 10]);
  });

  it('ends the round when the plan needs it, and every session with it', () => {
    const { table } = losing('vector', { groups: { min: 3, combine: 'sum' } });
    expect(table.waiting).to.contain('then the round, for lack of group 2 of 3, is abandoned');
    table.withheld.clear();
    table.pass(12_000);
    expect(table.rounds[0]!.outcome).to.deep.include({
      type: 'abandoned',
      phase: 'upload',
      reason: 'group 2 of 3: too few masked updates arrived',
    });
    expect(table.rounds[0]!.groups!.map(({ outcome }) => outcome.type)).to.deep.equal([
      'opened',
      'abandoned',
      'opened',
    ]);
  });

  it('late leaves those behind whose sums were opened: they may not contribute to this base model again', () => {
    const { table } = losing('vector', { groups: { min: 3, combine: 'sum' } });
    table.withheld.clear();
    table.pass(200_000);
    expect(table.rounds).to.have.lengthOf(1);
    expect(table.sums).to.deep.equal([]);
    expect(table.state.stage).to.have.property('type', 'paused');
  });

  it('early gives the others up before they sign anything, and everybody tries again', () => {
    const plan = grouped({ groups: { min: 3, combine: 'sum' } });
    const [first, second, third] = groupsOf(plan);
    const table = tableOf(plan);
    for (const one of [`${first![0]!}/confirm`, `${second![0]!}/share`, `${third![0]!}/share`]) table.withheld.add(one);
    table.start();
    table.withheld.clear();
    table.pass(200_000);
    expect(table.rounds.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'published']);
    expect(table.rounds[1]!.survivors).to.have.lengthOf(10);
  });

  it('because its sum is spoiled is left out of the model', () => {
    const table = tableOf();
    const [first] = groupsOf();
    table.failing.set('coordinator/open 0', new Error('spoiled') as never);
    table.start();
    const others = ten.filter((name) => !first!.includes(name));
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    expect(table.rounds[0]!.survivors).to.deep.equal([...others].sort());
    expect(table.rounds[0]!.groups![0]!.outcome).to.deep.equal({
      type: 'abandoned',
      phase: 'aggregate',
      reason: 'the guard lanes are wrong',
    });
    expect(table.sums[0]!.mean).to.be.closeTo(meanOf(others), 0.002);
  });

  it('because its sum is spoiled ends the round when the plan needs it', () => {
    const table = tableOf(grouped({ groups: { min: 3, combine: 'sum' }, onShortfall: { action: 'abort' } }));
    table.failing.set('coordinator/open 0', new Error('spoiled') as never);
    table.start();
    expect(table.rounds[0]!.outcome).to.deep.equal({
      type: 'abandoned',
      phase: 'aggregate',
      reason: '2 groups are left without those whose sums were spoiled, 3 are needed',
    });
  });
});

describe('a round whose groups cannot hold everybody', () => {
  it('leaves over whom no group could be filled with, and tells them', () => {
    const plan = grouped({ cohort: { min: 4, size: 6, max: 5 } });
    const table = tableOf(plan, ten.slice(0, 6)).start();
    const [round] = table.rounds;
    expect(round!.survivors).to.have.lengthOf(5);
    expect(round!.dropped).to.have.lengthOf(1);
    const { participant, step, reason } = round!.dropped[0]!;
    expect([step, reason]).to.deep.equal(['train', 'was left over: too few for a group of their own']);
    expect(table.told(participant)).to.include('not-chosen');
  });

  it('waits for as many as all required groups need', () => {
    const plan = grouped({ groups: { min: 3, combine: 'sum' } });
    const table = tableOf(plan).start(...ten.slice(0, 8));
    expect(table.waiting).to.contain('then the round is abandoned with 8 of at least 9');
    table.connect('iota').pass(5_000);
    expect(table.rounds[0]!.groups!.map(({ members }) => members.length)).to.deep.equal([3, 3, 3]);
  });
});

describe('the operator of a run in groups', () => {
  it('ends it: every session that runs is given up, and aborts are asked for where something is bound', () => {
    const [first, second] = groupsOf();
    const table = tableOf();
    table.withheld.add(`${first![0]!}/upload`).add(`${second![0]!}/share`);
    table.start().coordinator({ type: 'abort', reason: 'the operator stopped it' });
    expect(table.state.stage).to.include({ type: 'over', outcome: 'aborted', reason: 'the operator stopped it' });
    expect(table.rounds[0]!.outcome).to.include({ type: 'abandoned', reason: 'the operator stopped it' });
    expect(settled(table)).to.equal(1);
    expect(table.told(first![1]!).slice(-4)).to.deep.equal([
      'abandoned',
      'abort-proposal',
      'abort-certificate',
      'finished',
    ]);
    expect(table.told(second![1]!).slice(-2)).to.deep.equal(['abandoned', 'finished']);
  });
});

describe('a coordinator of a round in groups that is restarted', function () {
  this.timeout(240_000);
  const seven = ten.slice(0, 7);
  const plan = () => grouped({ cohort: { min: 3, size: 7, max: 4 } });

  it('within any event goes on in every group, and opens the very same sums', () => {
    const plain = tableOf(plan(), seven).start();
    expect(plain.rounds[0]!.groups).to.have.lengthOf(2);
    for (let event = 1; event <= plain.taken; event++) {
      const table = tableOf(plan(), seven);
      table.killedWithin = event;
      table.start().pass(1_000_000);
      expect(
        table.rounds.map(({ outcome }) => outcome.type),
        `within event ${event}`,
      ).to.deep.equal(['published']);
      expect(table.rounds[0]!.groups!.map(({ outcome }) => outcome.type)).to.deep.equal(['opened', 'opened']);
      expect(table.sums.at(-1)!.totalWeight, `within event ${event}`).to.equal(plain.sums[0]!.totalWeight);
      for (const { effects } of table.chairs.values())
        expect(effects.filter(({ type }) => type === 'mask')).to.have.lengthOf(1);
    }
  });

  it('within any event of a round that loses a group settles it and publishes the other', () => {
    const [, second] = groupsOf(plan(), seven);
    const play = (killedWithin: number | undefined) => {
      const table = tableOf(plan(), seven);
      table.killedWithin = killedWithin;
      table.withheld.add(`${second![0]!}/vector`);
      return table.start().disconnect(second![0]!).pass(1_000_000);
    };
    const plain = play(undefined);
    expect(plain.rounds[0]!.groups!.map(({ outcome }) => outcome.type)).to.deep.equal(['opened', 'abandoned']);
    for (let event = 1; event <= plain.taken; event++) {
      const table = play(event);
      expect(
        table.rounds.map(({ outcome }) => outcome.type),
        `within event ${event}`,
      ).to.deep.equal(['published']);
      const [{ groups, dropped }] = table.rounds as [(typeof table.rounds)[0]];
      expect(
        groups!.map(({ outcome }) => outcome.type),
        `within event ${event}`,
      ).to.deep.equal(['opened', 'abandoned']);
      expect(table.sums.at(-1)!.mean, `within event ${event}`).to.equal(plain.sums[0]!.mean);
      expect(dropped.map(({ participant }) => participant)).to.deep.equal([second![0]!]);
    }
  });
});
