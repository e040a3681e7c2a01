import type { ApprovalRule, CoordinatorMessage, FederatedError, PlanApproval } from '@concordat/core';
import { approvalsOf } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan } from '../example-plan.js';
import { aRefusal, everyone, RoundTable } from '../round-table.js';

const hour = 3_600_000;
const day = 24 * hour;
/** The clock of the table begins in 1970. */
const expires = '1970-01-31T00:00:00.000Z';
const expiresMillis = 30 * day;

const planOf = (approval: ApprovalRule & Pick<PlanApproval, 'refusals'>) => examplePlan({ approval, expires });
const all = { rule: 'all' } as const;

/** Everybody is here, and these say nothing. */
const silent = (approval: Parameters<typeof planOf>[0], ...names: readonly string[]) => {
  const table = new RoundTable({ plan: planOf(approval) });
  for (const name of names) table.withheld.add(`${name}/approved`);
  return table.start();
};

const toldTo = (table: RoundTable, name: string): readonly CoordinatorMessage[] =>
  table.effects.flatMap((effect) => (effect.type === 'send' && effect.to === name ? [effect.message] : []));
const waitsOf = (table: RoundTable, name: string) =>
  toldTo(table, name).flatMap((message) => (message.type === 'waiting' ? [message] : []));
const endOf = (table: RoundTable) => table.progress.flatMap((one) => (one.type === 'finished' ? [one] : []));
const cohorts = (table: RoundTable) =>
  table.journal.flatMap((record) => (record.type === 'cohort-assigned' ? [record.cohort] : []));
const says = (table: RoundTable, name: string) => {
  table.withheld.delete(`${name}/approved`);
  return table.participant(name, { type: 'message', message: { type: 'run', ...table.offer() } });
};

describe('A run whose plan asks for approvals', function () {
  this.timeout(120_000);

  it('chooses nobody before all have approved, and says for whom and how long it waits', () => {
    const table = silent(all, 'delta', 'beta');
    expect(cohorts(table)).to.deep.equal([]);
    expect(table.state.round).to.equal(0);
    expect(table.waiting).to.equal(
      'waiting for 2 of 5 (beta, delta), 2592000 s; then the run ends, unless at least 5 have approved by 1970-01-31T00:00:00.000Z (3 have)',
    );
    expect(waitsOf(table, 'alpha').at(-1)).to.deep.include({ round: 1, step: 'approve', awaited: ['beta', 'delta'] });
    says(table, 'beta').pass(day);
    expect(cohorts(table)).to.deep.equal([]);
    says(table, 'delta').pass(day);
    expect(cohorts(table)).to.have.lengthOf(2);
    expect(endOf(table)[0]).to.deep.include({ outcome: 'completed' });
  });

  it('says no longer wait than a message holds, though it waits longer', () => {
    const table = silent(all, 'delta');
    expect(waitsOf(table, 'alpha').at(-1)!.remainingMillis).to.equal(7 * day);
    table.pass(8 * day);
    expect(endOf(table)).to.deep.equal([]);
    says(table, 'delta');
    expect(cohorts(table)).to.have.lengthOf.at.least(1);
  });

  it('begins without waiting for anybody by `each`, as a plan without rule does', () => {
    const table = silent({ rule: 'each' }, 'delta').pass(hour);
    expect(cohorts(table)).to.have.lengthOf(2);
  });

  it('begins when a share has approved, and not before', () => {
    const table = silent({ rule: 'share', parts: 4, of: 5 }, 'delta', 'beta').pass(hour);
    expect(cohorts(table)).to.deep.equal([]);
    says(table, 'beta').pass(hour);
    expect(cohorts(table)[0]).to.deep.equal(['alpha', 'beta', 'epsilon', 'gamma']);
  });

  it('begins when the named have approved, whatever the others say', () => {
    const table = silent({ rule: 'named', participants: ['beta'] }, 'beta', 'delta').pass(hour);
    expect(table.waiting).to.match(/^waiting for 1 of 1 \(beta\)/);
    says(table, 'beta').pass(hour);
    expect(cohorts(table)[0]).to.deep.equal(['alpha', 'beta', 'epsilon', 'gamma']);
  });

  it('counts an approval of somebody who has left since', () => {
    const table = silent(all, 'delta').disconnect('alpha');
    says(table, 'delta').pass(hour);
    expect(cohorts(table)[0]).to.deep.equal(['beta', 'delta', 'epsilon', 'gamma']);
  });

  it('ends by name when a refusal makes the rule impossible', () => {
    const refusing = new Map([['gamma', aRefusal('cohort.min')]]);
    const table = new RoundTable({ plan: planOf(all), refusing }).start();
    const reason =
      'the first round waited for the approval of every participant of the roster, which cannot come any more: 2 of 5 approved, 1 refused';
    expect(endOf(table)).to.deep.equal([
      { type: 'finished', outcome: 'aborted', reason, rule: 'approval.refused', modelVersion: 0 },
    ]);
    expect(cohorts(table)).to.deep.equal([]);
    expect(table.journal.at(-1)).to.deep.equal({
      type: 'finished',
      outcome: 'aborted',
      reason,
      rule: 'approval.refused',
    });
    expect(toldTo(table, 'alpha').at(-1)).to.deep.include({ type: 'finished', outcome: 'aborted', reason });
  });

  it('takes trouble on the way for no refusal', () => {
    const lost = { ...aRefusal('x'), code: 'unavailable', message: 'the plan could not be fetched', detail: {} };
    const table = new RoundTable({ plan: planOf(all), refusing: new Map([['gamma', lost as FederatedError]]) }).start();
    expect(endOf(table)).to.deep.equal([]);
    expect(table.waiting).to.match(/^waiting for 1 of 5 \(gamma\)/);
  });

  it('ends by name when the plan can no longer be approved', () => {
    const table = silent(all, 'delta', 'beta').pass(expiresMillis - 1);
    expect(endOf(table)).to.deep.equal([]);
    table.pass(1);
    expect(endOf(table)[0]).to.deep.include({
      outcome: 'aborted',
      rule: 'approval.late',
      reason: `the first round waited for the approval of every participant of the roster; when the plan could no longer be approved (${expires}), 3 of 5 had: beta, delta had not`,
    });
  });

  it('pauses while it waits, goes on waiting when it is resumed, and ends when the operator ends it', () => {
    const table = silent(all, 'delta').coordinator({ type: 'pause', reason: 'later' });
    expect(table.state.stage).to.deep.equal({ type: 'paused', reason: 'later' });
    says(table, 'delta');
    expect(cohorts(table)).to.deep.equal([]);
    table.coordinator({ type: 'resume' });
    expect(cohorts(table)).to.have.lengthOf.at.least(1);
    const other = silent(all, 'delta').coordinator({ type: 'pause', reason: 'later' }).coordinator({ type: 'resume' });
    expect(other.state.stage.type).to.equal('approve');
    other.coordinator({ type: 'abort', reason: 'enough' });
    expect(other.state.stage).to.deep.equal({ type: 'over', outcome: 'aborted', reason: 'enough' });
    other.pass(expiresMillis);
    expect(endOf(other)).to.have.lengthOf(1);
  });

  it('asks nobody any more once the first round has begun', () => {
    const table = silent(all);
    const refusing = aRefusal('approval.withdrawn');
    for (const name of ['alpha']) table.failing.set(`${name}/train`, refusing);
    table.pass(day);
    expect(endOf(table)[0]).to.deep.include({ outcome: 'completed' });
  });
});

describe('A coordinator that is started again while its run waits for approvals', function () {
  this.timeout(120_000);

  it('knows who approved and who refused, also of those who do not come back, and for whom it waits', () => {
    const refusing = new Map([['gamma', aRefusal('cohort.min')]]);
    const table = new RoundTable({ plan: planOf({ rule: 'share', parts: 4, of: 5 }), refusing });
    table.withheld.add('delta/approved');
    table.start().disconnect('alpha').disconnect('gamma').restartCoordinator();
    expect(approvalsOf(table.state)).to.deep.equal({
      required: 4,
      approved: ['alpha', 'beta', 'epsilon'],
      refused: [{ participant: 'gamma', rule: 'cohort.min' }],
      awaited: ['delta'],
      standing: 'open',
    });
    expect(table.waiting).to.match(/^waiting for 1 of 5 \(delta\)/);
    says(table, 'delta').connect('alpha').pass(hour);
    expect(cohorts(table)[0]).to.deep.equal(['alpha', 'beta', 'delta', 'epsilon']);
  });

  it('waits no longer than before: the time without a coordinator counts', () => {
    const table = silent(all, 'delta')
      .pass(29 * day)
      .restartCoordinator();
    expect(table.waiting).to.match(/^waiting for 1 of 5 \(delta\), 86400 s/);
    table.pass(day);
    expect(endOf(table)[0]).to.deep.include({ rule: 'approval.late' });
  });

  it('says of a run that ended for its approvals by which rule it did', () => {
    const refusing = new Map([['gamma', aRefusal('cohort.min')]]);
    const table = new RoundTable({ plan: planOf(all), refusing }).start();
    const before = table.state.stage;
    table.restartCoordinator();
    expect(table.state.stage).to.deep.equal(before);
    expect(endOf(table).map(({ rule }) => rule)).to.deep.equal(['approval.refused', 'approval.refused']);
  });

  it('loses no word, whichever event its process ends within', () => {
    for (let killedWithin = 1; killedWithin <= 12; killedWithin++) {
      const refusing = new Map([['gamma', aRefusal('cohort.min')]]);
      const table = new RoundTable({ plan: planOf({ rule: 'share', parts: 4, of: 5 }), refusing });
      table.killedWithin = killedWithin;
      table.start().pass(hour);
      expect(cohorts(table)[0], `event ${killedWithin}`).to.deep.equal(['alpha', 'beta', 'delta', 'epsilon']);
    }
  });
});

describe('A refusal of a plan', function () {
  this.timeout(120_000);
  const refusing = () => new Map([['gamma', aRefusal('cohort.min')]]);
  const share = { rule: 'share', parts: 4, of: 5 } as const;
  const waitingTable = (refusals: 'visible' | 'hidden') => {
    const table = new RoundTable({ plan: planOf({ ...share, refusals }), refusing: refusing() });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/approved`);
    return table.start();
  };

  it('that is hidden looks to the others like silence, and the operator sees it', () => {
    const table = waitingTable('hidden');
    const waits = waitsOf(table, 'alpha');
    expect(waits.at(-1)!.awaited).to.deep.equal(['delta', 'epsilon', 'gamma']);
    expect(table.waiting).to.match(/^waiting for 2 of 5 \(delta, epsilon\)/);
    expect(table.declined('gamma')).to.deep.equal(['cohort.min']);
    const silence = new RoundTable({ plan: planOf({ ...share, refusals: 'hidden' }) });
    for (const name of ['gamma', 'delta', 'epsilon']) silence.withheld.add(`${name}/approved`);
    silence.start();
    expect(toldTo(silence, 'alpha').filter(({ type }) => type === 'waiting')).to.deep.equal(waits);
  });

  it('that is visible leaves the list of those who are awaited, and is named at the end', () => {
    const table = waitingTable('visible');
    expect(waitsOf(table, 'alpha').at(-1)!.awaited).to.deep.equal(['delta', 'epsilon']);
    const end = new RoundTable({ plan: planOf({ ...all, refusals: 'visible' }), refusing: refusing() }).start();
    expect(endOf(end)[0]!.reason).to.match(/2 of 5 approved, 1 refused \(gamma: cohort\.min\)$/);
  });

  it('is told by a rule of the closed list, whatever its participant wrote there', () => {
    const said = (code: string, rule: string) => {
      const table = silent({ ...share, refusals: 'visible' }, 'gamma');
      const message = { type: 'decline', round: 0, step: 'approve', code, rule, message: 'no' } as const;
      table.coordinator({ type: 'message', participant: 'gamma', message });
      return table.journal.flatMap((record) => (record.type === 'refused' ? [record.rule] : []));
    };
    expect(said('refused', 'cohort.min')).to.deep.equal(['cohort.min']);
    expect(said('refused', 'alpha-is-a-thief')).to.deep.equal(['refused']);
    expect(said('state-lost', 'approval.file')).to.deep.equal(['approval.file']);
    expect(said('no-code', 'cohort.min')).to.deep.equal(['cohort.min']);
    expect(said('constructor', '__proto__')).to.deep.equal(['refused']);
  });

  it('counts as taken back when the participant approves after all', () => {
    const policy = refusing();
    const table = new RoundTable({ plan: planOf(share), refusing: policy });
    table.withheld.add('delta/approved');
    table.start().pass(hour);
    policy.clear();
    table.disconnect('gamma').connect('gamma').pass(hour);
    expect(cohorts(table)[0]).to.deep.equal(['alpha', 'beta', 'epsilon', 'gamma']);
  });
});

describe('A participant whose people took their approval back', function () {
  this.timeout(120_000);
  const five = () => new RoundTable({ plan: examplePlan({ rounds: 4 }) });

  for (const rule of [
    'approval.withdrawn',
    'approval.expired',
    'approval.missing',
    'participation.withdrawn',
    'participation.paused',
  ]) {
    it(`declines one round by ${rule} and is chosen for none, until it approves again`, () => {
      const table = five();
      table.failing.set('beta/train', aRefusal(rule));
      table.withheld.add('alpha/vector');
      table.start();
      expect(cohorts(table)).to.deep.equal([[...everyone].sort()]);
      table.withheld.clear();
      table.pass(hour);
      expect(table.declined('beta')).to.deep.equal([rule]);
      expect(
        cohorts(table)
          .slice(1)
          .some((cohort) => cohort.includes('beta')),
      ).to.equal(false);
    });
  }

  it('is chosen again when it approved again, also after a restart of the coordinator', () => {
    const table = five();
    table.failing.set('beta/train', aRefusal('approval.withdrawn'));
    table.withheld.add('alpha/ready');
    table.start();
    expect(approvalsOf(table.state).refused).to.deep.equal([{ participant: 'beta', rule: 'approval.withdrawn' }]);
    table.restartCoordinator();
    table.failing.clear();
    table.withheld.clear();
    says(table, 'beta').pass(day);
    expect(cohorts(table).at(-1)).to.deep.equal([...everyone].sort());
    expect(approvalsOf(table.state).refused).to.deep.equal([]);
  });

  it('has said nothing of the plan when it has only paused, and is chosen again when it answers the offer again', () => {
    const table = five();
    table.failing.set('beta/train', aRefusal('participation.paused'));
    table.withheld.add('alpha/ready');
    table.start();
    expect(table.declined('beta')).to.deep.equal(['participation.paused']);
    expect(approvalsOf(table.state).refused).to.deep.equal([]);
    expect(table.journal.filter(({ type }) => type === 'refused')).to.deep.equal([]);
    table.failing.clear();
    table.withheld.clear();
    says(table, 'beta').pass(day);
    expect(cohorts(table).at(-1)).to.deep.equal([...everyone].sort());
  });

  it('and declines for another reason stays available', () => {
    const table = five();
    table.failing.set('beta/train', aRefusal('rounds.per-day'));
    table.start().pass(hour);
    expect(cohorts(table).every((cohort) => cohort.includes('beta'))).to.equal(true);
  });
});
