import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan, measuredPlan } from './example-plan.js';
import { meanOf, settled, trainedBy } from './round-readings.js';
import { aRefusal, everyone, RoundTable } from './round-table.js';

describe('a run of five', () => {
  it('publishes as many models as the plan says and tells everyone', () => {
    const table = new RoundTable().start();
    expect(table.rounds.map(({ outcome }) => outcome.type)).to.deep.equal(['published', 'published']);
    expect(table.rounds[0]!.survivors).to.deep.equal([...everyone].sort());
    expect(table.state.stage.type).to.equal('over');
    for (const name of everyone) expect(table.told(name).slice(-2)).to.deep.equal(['published', 'finished']);
    expect(table.sums.map(({ round }) => round)).to.deep.equal([1, 2]);
    expect(table.sums[0]!.mean).to.be.closeTo(meanOf([1, 2, 3, 4, 5]), 0.002);
  });

  it('has the metrics of the model received, counted over those who sent them', () => {
    const [metric] = new RoundTable({ plan: measuredPlan() }).start().rounds[0]!.metrics;
    expect(metric!.participants).to.equal(5);
    expect(metric!.mean).to.be.closeTo((1 + 2 + 3 + 4 + 5) / 5 / 8, 1e-4);
  });

  it('answers every message with exactly one acceptance or refusal, and refuses none', () => {
    const table = new RoundTable().start();
    const answers = table.effects
      .filter(({ type }) => type === 'accepted' || type === 'rejected')
      .map(({ type }) => type);
    // Each says: approved; and in two rounds ready, advertise, share, confirm, upload, certify, reveal.
    expect(answers).to.deep.equal(new Array(5 * (1 + 2 * 7)).fill('accepted'));
  });

  it('journals before it sends, and journals every round', () => {
    const table = new RoundTable().start();
    const kinds = table.journal.map((record) => record.type);
    expect(kinds[0]).to.equal('run-started');
    expect(kinds.filter((kind) => kind === 'round-ended')).to.have.lengthOf(2);
    expect(kinds.at(-1)).to.equal('finished');
    const ended = table.effects.findIndex(
      (effect) => effect.type === 'journal' && effect.record.type === 'round-ended',
    );
    const told = table.effects.findIndex((effect) => effect.type === 'send' && effect.message.type === 'published');
    expect(ended).to.be.lessThan(told);
  });

  it('measures every phase', () => {
    const { phases } = new RoundTable().start().rounds[0]!;
    const order = [
      'select',
      'train',
      'advertise',
      'share',
      'confirm',
      'upload',
      'certify',
      'reveal',
      'aggregate',
      'publish',
    ];
    expect(Object.keys(phases)).to.deep.equal(order);
  });

  it('offers the result to whoever comes late', () => {
    const table = new RoundTable().start().disconnect('beta').connect('beta');
    expect(table.told('beta').at(-1)).to.equal('finished');
  });
});

describe('a run with metrics', function () {
  this.timeout(120_000);
  it('measures its last model in a round of its own, in which nobody trains', () => {
    const table = new RoundTable({ plan: measuredPlan() }).start();
    const [evaluation] = table.evaluations;
    expect(evaluation).to.deep.include({ round: 3, baseModelVersion: 2, outcome: { type: 'evaluated' } });
    expect(evaluation!.survivors).to.deep.equal([...everyone].sort());
    expect(evaluation!.metrics[0]!.participants).to.equal(5);
    expect(evaluation!.metrics[0]!.mean).to.be.closeTo((1 + 2 + 3 + 4 + 5) / 5 / 8, 1e-4);
    expect(trainedBy(table, 'alpha')).to.deep.equal(['train', 'train', 'evaluate']);
    expect(table.sums.map(({ round }) => round)).to.deep.equal([1, 2]);
    expect(table.state.stage).to.deep.equal({
      type: 'over',
      outcome: 'completed',
      reason: '2 models published, the last measured by 5 participants',
    });
  });

  it('measures again after a session of that round was abandoned, with everybody who signed in it', () => {
    const plan = measuredPlan({ rounds: 1 });
    const table = new RoundTable({ plan }).start('alpha', 'beta', 'gamma', 'delta').pass(5_000);
    for (const name of ['gamma', 'delta']) table.withheld.add(`${name}/certify`);
    table.pass(5_000);
    expect(table.state.stage.type).to.equal('session');
    for (const name of ['gamma', 'delta']) table.kill(name);
    table.withheld.clear();
    table.pass(10_000).connect('gamma').connect('delta').pass(30_000);
    expect(table.evaluations.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'evaluated']);
    expect(table.evaluations[1]!.survivors).to.deep.equal(['alpha', 'beta', 'delta', 'gamma']);
    expect(table.evaluations[1]!.metrics[0]!.participants).to.equal(4);
  });

  it('bars nobody who signed in a session of that round, though too few are left to abort it', () => {
    const plan = measuredPlan({ rounds: 1 });
    const table = new RoundTable({ plan }).start('alpha', 'beta', 'gamma', 'delta').pass(5_000);
    for (const name of ['gamma', 'delta']) table.withheld.add(`${name}/certify`);
    table.pass(5_000);
    for (const name of ['gamma', 'delta']) table.kill(name);
    // The deadline of the step, then a step's time for aborts: two of the three that are needed come.
    table.pass(10_000).pass(10_000);
    expect([table.evaluations.length, settled(table)]).to.deep.equal([1, []]);
    expect(table.state.stage.type).to.equal('select');
  });

  it('sends the metrics alone then', () => {
    const table = new RoundTable({ plan: measuredPlan({ rounds: 1 }) }).start();
    const lengths = table.effects.flatMap((effect) => (effect.type === 'expect-upload' ? [effect.lengthBytes] : []));
    // Nine model lanes of three bytes, a weight, two metric lanes, guards and padding; then the metrics segment alone.
    expect([...new Set(lengths)]).to.deep.equal([144, 48]);
  });

  it('completes when the last model cannot be measured, and says why', () => {
    const plan = measuredPlan({ rounds: 1, onShortfall: { action: 'retry', times: 1 } });
    const table = new RoundTable({ plan }).start('alpha', 'beta', 'gamma', 'delta').pass(5_000);
    expect(table.rounds).to.have.lengthOf(1);
    table.disconnect('alpha').disconnect('beta').pass(200_000);
    expect(table.evaluations.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'abandoned']);
    expect(table.state.stage).to.deep.equal({
      type: 'over',
      outcome: 'completed',
      reason: '1 models published; the last was not measured: 2 participants checked in, 4 are needed',
    });
  });

  it('goes on with that round when the coordinator is killed within any event of it', () => {
    const plan = measuredPlan({ rounds: 1 });
    const plain = new RoundTable({ plan }).start();
    const first = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start().taken;
    for (let event = first; event <= plain.taken; event++) {
      const table = new RoundTable({ plan });
      table.killedWithin = event;
      table.start().pass(1_000_000);
      const outcomes = [...table.rounds, ...table.evaluations].map(({ round, outcome }) => [round, outcome.type]);
      expect(outcomes, `within event ${event}`).to.deep.equal([
        [1, 'published'],
        [2, 'evaluated'],
      ]);
      expect(table.evaluations[0]!.metrics, `within event ${event}`).to.deep.equal(plain.evaluations[0]!.metrics);
    }
  });
});

describe('one of five that leaves', () => {
  const steps = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'] as const;
  for (const step of steps) {
    it(`at ${step} does not stop the round, and the record says so`, () => {
      const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
      table.withheld.add(`delta/${step}`);
      table.start();
      const late = step === 'certify' || step === 'reveal';
      // T statements and T reveals are enough: nobody is waited for beyond them.
      if (!late)
        expect(table.waiting).to.match(
          /^waiting for 1 of \d \(delta\), \d+ s; then the round goes on with 4 ≥ T = [34]$/,
        );
      table.pass(60_000);
      const [round] = table.rounds;
      expect(round!.outcome.type).to.equal('published');
      expect(round!.survivors).to.have.lengthOf(late ? 5 : 4);
      expect(table.sums[0]!.mean).to.be.closeTo(meanOf(late ? [1, 2, 3, 4, 5] : [1, 2, 3, 5]), 0.002);
      if (!late) {
        expect(round!.dropped.map(({ participant, step: at }) => [participant, at])).to.deep.equal([['delta', step]]);
        expect(round!.phases[step]).to.be.at.least(10_000);
      }
      expect(round!.recovered).to.deep.equal(step === 'upload' ? ['delta'] : []);
    });
  }

  it('in the middle of its upload is recorded with the bytes that came', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('delta/vector');
    table.start().disconnect('delta').pass(60_000);
    const [drop] = table.rounds[0]!.dropped;
    expect(drop).to.include({ participant: 'delta', step: 'upload' });
    expect(drop!.bytesReceived).to.be.greaterThan(0).and.lessThan(drop!.bytesExpected);
    expect(table.rounds[0]!.recovered).to.deep.equal(['delta']);
  });

  it('before it is ready is told that it sits out after the grace period', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('delta/train');
    table.start();
    expect(table.waiting).to.equal('waiting for 1 of 5 (delta), 30 s; then the session opens with 4 ≥ 4');
    table.pass(29_999);
    expect(table.rounds).to.have.lengthOf(0);
    table.pass(1);
    expect(table.rounds[0]!.dropped).to.deep.include({
      participant: 'delta',
      step: 'train',
      reason: 'was not ready in time',
      bytesReceived: 0,
      bytesExpected: 0,
    });
    expect(table.told('delta')).to.include('not-chosen');
  });

  it('and comes back takes part from the next round on', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 3 }) });
    table.withheld.add('delta/vector');
    table.start().kill('delta');
    table.withheld.clear();
    table.pass(12_000).connect('delta').pass(60_000);
    expect(table.rounds.map(({ survivors }) => survivors.includes('delta'))).to.deep.equal([false, true, true]);
  });

  it('and reconnects within the round keeps its place', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('delta/confirm');
    table.start().disconnect('delta');
    table.withheld.clear();
    table.connect('delta');
    expect(table.rounds[0]!.survivors).to.have.lengthOf(5);
    expect(table.rounds[0]!.dropped).to.deep.equal([]);
  });

  it('and is restarted within its session goes on with it', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('delta/vector');
    table.start().kill('delta');
    table.withheld.clear();
    table.connect('delta');
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    expect(table.rounds[0]!.survivors).to.include('delta');
    expect(table.now).to.equal(0);
  });
});

describe('a run with too few participants', () => {
  it('says who is awaited, until when, and what then', () => {
    const table = new RoundTable().start('alpha', 'beta', 'gamma');
    expect(table.waiting).to.equal(
      'waiting for 2 of 5 (delta, epsilon), 60 s; then the round is abandoned with 3 of at least 4 and tried again (1 of 3)',
    );
    expect(table.told('alpha')).to.include('waiting');
  });

  it('abandons the round at the deadline, tries again, and aborts after the last retry', () => {
    const plan = examplePlan({ onShortfall: { action: 'retry', times: 2 } });
    const table = new RoundTable({ plan }).start('alpha', 'beta', 'gamma').pass(59_999);
    expect(table.rounds).to.have.lengthOf(0);
    table.pass(1);
    expect(table.rounds[0]!.outcome).to.deep.equal({
      type: 'abandoned',
      phase: 'select',
      reason: '3 participants checked in, 4 are needed',
    });
    table.pass(120_000);
    expect(table.rounds.map(({ round }) => round)).to.deep.equal([1, 2, 3]);
    expect(table.state.stage).to.deep.equal({
      type: 'over',
      outcome: 'aborted',
      reason: '3 participants checked in, 4 are needed; 2 retries were used',
    });
  });

  it('goes on as soon as enough are there, with selectMillis for more', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start('alpha', 'beta', 'gamma', 'delta');
    expect(table.waiting).to.equal('waiting for 1 of 5 (epsilon), 5 s; then the round starts with 4 ≥ 4');
    table.pass(5_000);
    expect(table.rounds[0]!.cohort).to.have.lengthOf(4);
    expect(table.rounds[0]!.outcome.type).to.equal('published');
  });

  it('does not wait for somebody who refused', () => {
    const table = new RoundTable({ refusing: new Map([['epsilon', aRefusal('model.task')]]) }).start();
    expect(table.declined('epsilon')).to.deep.equal(['model.task']);
    expect(table.now).to.equal(0);
    expect(table.rounds[0]!.cohort).to.deep.equal(['alpha', 'beta', 'delta', 'gamma']);
  });

  it('pauses when the plan says so, and resumes', () => {
    const table = new RoundTable({ plan: examplePlan({ onShortfall: { action: 'pause' }, rounds: 1 }) });
    table.start('alpha').pass(60_000);
    expect(table.state.stage.type).to.equal('paused');
    for (const name of everyone.slice(1)) table.connect(name);
    expect(table.rounds).to.have.lengthOf(1);
    table.coordinator({ type: 'resume' });
    expect(table.rounds.at(-1)!.outcome.type).to.equal('published');
  });

  it('aborts when the plan says so', () => {
    const table = new RoundTable({ plan: examplePlan({ onShortfall: { action: 'abort' } }) })
      .start('alpha')
      .pass(60_000);
    expect(table.state.stage).to.include({ type: 'over', outcome: 'aborted' });
    expect(table.told('alpha').at(-1)).to.equal('finished');
  });

  it('is abandoned when too many leave the session, and opens nothing', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/upload`);
    table.start();
    expect(table.waiting).to.match(/then the round is abandoned with 3 of at least 4 and tried again \(1 of 3\)$/);
    table.pass(11_000);
    expect(table.rounds[0]!.outcome).to.include({ type: 'abandoned', phase: 'upload' });
    expect(table.rounds[0]!.survivors).to.deep.equal([]);
    expect(table.sums).to.deep.equal([]);
    expect(table.effects.some((effect) => effect.type === 'open-sum')).to.equal(false);
  });

  it('is abandoned at once when too many cannot train', () => {
    const table = new RoundTable({ plan: examplePlan({ onShortfall: { action: 'abort' } }) });
    const nan = new FederatedError('refused', 'the update holds NaN at dense/bias[1]', {
      detail: { rule: 'update.finite' },
    });
    table.failing.set('alpha/train', nan).set('beta/train', nan);
    table.start();
    expect(table.rounds[0]!.outcome).to.include({ type: 'abandoned', phase: 'train' });
    expect(table.declined('alpha')).to.deep.equal(['update.finite']);
  });

  it('counts nobody who declined when it says that it is ready after all, also while the others train', () => {
    const table = new RoundTable();
    for (const name of table.chairs.keys()) table.withheld.add(`${name}/ready`);
    table.start();
    const said = { type: 'decline', round: 1, step: 'train', code: 'internal', rule: '', message: 'a test' } as const;
    table.coordinator({ type: 'message', participant: 'epsilon', message: said });
    const { stage } = table.state;
    if (stage.type !== 'train') throw new Error(`the round is in ${stage.type}`);
    const ready = { type: 'ready', round: 1, baseModelHash: stage.attempt.base.hash } as const;
    table.coordinator({ type: 'message', participant: 'epsilon', message: ready });
    expect(table.state.stage).to.deep.include({ type: 'train', ready: [] });
    const [rejected] = table.effects.filter((effect) => effect.type === 'rejected');
    expect(rejected?.error.message).to.equal('epsilon left round 1');
  });
});

describe('a coordinator that is restarted', function () {
  this.timeout(120_000);
  it('goes on with the round its journal proves', () => {
    const table = new RoundTable();
    table.start('alpha', 'beta', 'gamma', 'delta').pass(5_000);
    expect(table.rounds).to.have.lengthOf(1);
    table.restartCoordinator().pass(5_000);
    expect(table.rounds.map(({ round, outcome }) => [round, outcome.type])).to.deep.equal([
      [1, 'published'],
      [2, 'published'],
    ]);
    expect(table.journal.filter(({ type }) => type === 'round-started')).to.have.lengthOf(2);
  });

  it('within any event goes on with the round, and opens the very same sums', () => {
    const plain = new RoundTable().start();
    for (let event = 1; event <= plain.taken; event++) {
      const table = new RoundTable();
      table.killedWithin = event;
      table.start().pass(1_000_000);
      const outcomes = table.rounds.map(({ round, outcome, survivors }) => [round, outcome.type, survivors.length]);
      expect(outcomes, `within event ${event}`).to.deep.equal([
        [1, 'published', 5],
        [2, 'published', 5],
      ]);
      const opened = new Map(table.sums.map((sum) => [sum.round, sum]));
      expect([...opened.values()], `within event ${event}`).to.deep.equal(plain.sums);
      for (const { effects } of table.chairs.values()) {
        expect(effects.filter(({ type }) => type === 'train')).to.have.lengthOf(2);
        expect(effects.filter(({ type }) => type === 'mask')).to.have.lengthOf(2);
      }
    }
  });

  it('within any event of a round that loses a member records it, and opens the very same sum', () => {
    const play = (killedWithin: number | undefined) => {
      const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
      table.killedWithin = killedWithin;
      table.withheld.add('delta/vector');
      return table.start().disconnect('delta').pass(1_000_000);
    };
    const plain = play(undefined);
    for (let event = 1; event <= plain.taken; event++) {
      const table = play(event);
      const [round] = table.rounds;
      expect(round!.outcome.type, `within event ${event}`).to.equal('published');
      expect(table.sums.at(-1)!.mean, `within event ${event}`).to.equal(plain.sums[0]!.mean);
      const lost = round!.dropped.map(({ participant, step }) => [participant, step]);
      expect(lost, `within event ${event}`).to.deep.equal([['delta', 'upload']]);
    }
  });

  it('within a pause stays paused, and resumes', () => {
    const table = new RoundTable({ plan: examplePlan({ onShortfall: { action: 'pause' }, rounds: 1 }) });
    table.start('alpha').pass(60_000).restartCoordinator();
    expect(table.state.stage.type).to.equal('paused');
    for (const name of everyone.slice(1)) table.connect(name);
    table.coordinator({ type: 'resume' });
    expect(table.rounds.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'published']);
  });

  it('stays over when the run was over', () => {
    const table = new RoundTable().start().restartCoordinator();
    expect(table.state.stage).to.include({ type: 'over', outcome: 'completed' });
    expect(table.journal.filter((record) => record.type === 'finished')).to.have.lengthOf(1);
  });
});

describe('the last word about a run', () => {
  it('is that it is finished, whoever comes and goes behind it', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start();
    table.disconnect('alpha').connect('alpha').disconnect('beta');
    expect(table.progress.at(-1)!.type).to.equal('finished');
    expect(table.told('alpha').at(-1)).to.equal('finished');
    expect(table.state.people.get('beta')!.connected).to.equal(false);
  });
});

describe('what a coordinator is sent', () => {
  it('by somebody who is not in the roster changes nothing', () => {
    const table = new RoundTable().start('alpha', 'beta', 'gamma');
    const before = table.state.people;
    const participant = 'mallory';
    table.coordinator({ type: 'check-in', participant, organization: 'mallory GmbH' });
    expect(table.state.people).to.equal(before);
  });

  it('too late, for another round, or twice is answered and stops nobody', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('delta/share');
    table.start();
    const baseModelHash = new Uint8Array(32);
    const ready = (round: number) =>
      ({ type: 'message', participant: 'alpha', message: { type: 'ready', round, baseModelHash } }) as const;
    table.coordinator(ready(1)).coordinator(ready(9));
    const [again, foreign] = table.effects.filter((effect) => 'step' in effect && effect.step === 'ready').slice(-2);
    expect(again!.type).to.equal('accepted');
    expect(foreign!.type).to.equal('rejected');
    table.coordinator({ type: 'timer', name: 'step:1:advertise' }).coordinator({ type: 'timer', name: 'nonsense' });
    expect(table.rounds).to.have.lengthOf(0);
    table.pass(10_000);
    expect(table.rounds[0]!.outcome.type).to.equal('published');
  });

  it('from another model than the round’s is refused', () => {
    const table = new RoundTable();
    table.withheld.add('alpha/ready');
    table.start();
    const message = { type: 'ready', round: 1, baseModelHash: new Uint8Array(32).fill(9) } as const;
    table.coordinator({ type: 'message', participant: 'alpha', message });
    const last = table.effects.filter((effect) => effect.type === 'rejected').at(-1);
    expect(last).to.have.nested.property('error.detail.rule', 'model.hash');
  });

  it('as an approval that is not signed by the participant does not count', () => {
    const table = new RoundTable();
    table.withheld.add('alpha/approved');
    table.start('alpha');
    const effect = table.chairs
      .get('alpha')!
      .effects.filter((one) => one.type === 'send')
      .at(-1);
    if (effect?.type !== 'send' || effect.message.type !== 'approved') throw new Error('no approval was sent');
    const { message } = effect;
    const signature = message.approval.signature.map((byte) => byte ^ 1);
    table.coordinator({
      type: 'message',
      participant: 'alpha',
      message: { ...message, approval: { ...message.approval, signature } },
    });
    expect(table.effects.at(-1)).to.have.nested.property('error.code', 'verification');
    expect(table.state.people.get('alpha')!.standing).to.equal('offered');
    table.coordinator({ type: 'message', participant: 'alpha', message });
    expect(table.state.people.get('alpha')!.standing).to.equal('approved');
  });
});
