import { expect } from 'chai';
import { memoizedCrypto as nodeCrypto } from '../../../support/memoized-crypto.js';
import { otherCommitment } from '../../../support/other-commitment.js';
import { examplePlan, measuredPlan } from '../example-plan.js';
import { losingAtCertify, losingBy, meanOf, settled, statements, trainedBy } from '../round-readings.js';
import { aRefusal, everyone, RoundTable } from '../round-table.js';

/** Rules it refused by, in order. */
const refusals = (table: RoundTable, name: string) =>
  table.chairs.get(name)!.effects.flatMap((one) => (one.type === 'refuse' ? [one.error.detail.rule] : []));

describe('a round that was abandoned', function () {
  this.timeout(120_000);
  it('before anything was uploaded is tried again with the same updates', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/share`);
    table.start();
    table.withheld.clear();
    table.pass(10_000);
    expect(table.rounds.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'published']);
    const trained = table.chairs.get('alpha')!.effects.filter(({ type }) => type === 'train');
    expect(trained).to.have.lengthOf(1);
  });

  it('is tried again with the same rotated updates: the model fixes the rotation, not the session', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1, rotation: 'hadamard' }) });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/share`);
    table.start();
    table.withheld.clear();
    table.pass(10_000);
    expect(table.rounds.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'published']);
    expect(trainedBy(table, 'alpha')).to.deep.equal(['train']);
    expect(table.sums[0]!.mean).to.be.closeTo(meanOf([1, 2, 3, 4, 5]), 0.002);
    expect(table.rounds.map(({ excess }) => excess)).to.deep.equal([undefined, 0]);
  });

  it('after uploads is tried again with the same updates, as soon as its abort is certified', () => {
    const table = new RoundTable({ plan: measuredPlan({ rounds: 1 }) });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/upload`);
    table.start();
    table.withheld.clear();
    table.pass(11_000);
    expect(table.rounds.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'published']);
    expect(trainedBy(table, 'alpha')).to.deep.equal(['train', 'evaluate']);
    // The metrics of the first attempt are in no sum, and never will be.
    expect(table.rounds[1]!.metrics[0]!.participants).to.equal(5);
    expect(table.sums[0]!.mean).to.be.closeTo(meanOf([1, 2, 3, 4, 5]), 0.002);
  });

  it('after some signed survivors and others died bars nobody: those who are left abort, and all are in the next', () => {
    const table = losingAtCertify('delta', 'epsilon').pass(10_000);
    expect(table.rounds[0]!.outcome).to.include({ type: 'abandoned', phase: 'certify' });
    expect(settled(table)).to.deep.equal([1]);
    table.connect('delta').connect('epsilon');
    expect(table.rounds[1]!.survivors).to.deep.equal([...everyone].sort());
    for (const name of ['alpha', 'beta', 'gamma']) expect(trainedBy(table, name)).to.deep.equal(['train']);
    expect(table.declined('alpha')).to.deep.equal([]);
    expect(table.sums).to.have.lengthOf(1);
  });

  it('with too few left to abort it waits by name for those who can, and goes on when one of them is back', () => {
    const table = losingAtCertify('gamma', 'delta', 'epsilon').pass(1_000_000);
    expect(table.waiting).to.equal(
      'waiting for 3 of 5 (delta, epsilon, gamma), 10 s; then the run waits on: 1 more must sign that nothing of the round is opened',
    );
    expect(table.rounds).to.have.lengthOf(1);
    table.connect('gamma');
    expect(settled(table)).to.deep.equal([1]);
    expect(table.state.stage.type).to.equal('select');
    table.connect('delta').connect('epsilon');
    expect(table.rounds[1]!.outcome.type).to.equal('published');
  });

  it('goes on without those who signed, when enough others are left', () => {
    const people = [...everyone, 'zeta', 'eta', 'theta', 'iota'];
    const plan = examplePlan({ rounds: 1, cohort: { min: 4, size: 5 } });
    const table = new RoundTable({ plan, people });
    for (const name of ['gamma', 'delta', 'epsilon']) table.withheld.add(`${name}/certify`);
    table.start('alpha', 'beta', 'gamma', 'delta', 'epsilon');
    for (const name of ['gamma', 'delta', 'epsilon']) table.kill(name);
    table.withheld.clear();
    for (const name of ['zeta', 'eta', 'theta', 'iota']) table.connect(name);
    table.pass(10_000);
    expect(table.waiting).to.match(/\(delta, epsilon, gamma\), 10 s; then the others go on without those who signed$/);
    table.pass(10_000);
    expect(table.state.stage.type).to.equal('select');
    table.pass(5_000);
    expect(table.rounds[1]!.survivors).to.deep.equal(['eta', 'iota', 'theta', 'zeta']);
  });

  it('of three, one of them dead, is aborted by the other two', () => {
    const plan = examplePlan({ rounds: 1, cohort: { min: 3, size: 3 } });
    const table = new RoundTable({ plan, people: ['alpha', 'beta', 'gamma'] });
    table.withheld.add('gamma/certify');
    table.start().kill('gamma').withheld.clear();
    table.pass(10_000);
    expect(settled(table)).to.deep.equal([1]);
    table.connect('gamma');
    expect(table.rounds.at(-1)!.survivors).to.deep.equal(['alpha', 'beta', 'gamma']);
  });

  it('is settled, whenever the coordinator is killed meanwhile', () => {
    const play = (killedWithin: number | undefined) => {
      const table = losingAtCertify('delta', 'epsilon');
      const before = table.taken;
      table.killedWithin = killedWithin === undefined ? undefined : before + killedWithin;
      table.pass(30_000).connect('delta').connect('epsilon').pass(1_000_000);
      return { table, events: table.taken - before };
    };
    const plain = play(undefined);
    for (let event = 1; event <= plain.events; event++) {
      const { table } = play(event);
      const outcomes = table.rounds.map(({ outcome }) => outcome.type);
      expect(outcomes, `within event ${event}`).to.deep.equal(['abandoned', 'published']);
      expect(table.rounds[1]!.survivors, `within event ${event}`).to.have.lengthOf(5);
      expect(table.sums.at(-1)!.mean, `within event ${event}`).to.equal(plain.table.sums[0]!.mean);
    }
  });

  it('is not one whose survivors are certified: its sum is waited for, by name, however long it takes', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/reveal`);
    table.start().pass(1_000_000);
    expect(table.waiting).to.equal(
      'waiting for 2 of 5 (delta, epsilon), 10 s; then the certified sum is waited for, with 3 of at least 4',
    );
    expect([table.rounds, table.sums]).to.deep.equal([[], []]);
    table.withheld.clear();
    table.disconnect('delta').connect('delta');
    expect(table.rounds[0]!.outcome.type).to.equal('published');
  });

  it('because the sum could not be opened follows the same rule', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1, onShortfall: { action: 'abort' } }) });
    table.failing.set('coordinator/open', aRefusal('guard'));
    table.start();
    expect(table.rounds[0]!.outcome).to.deep.equal({
      type: 'abandoned',
      phase: 'aggregate',
      reason: 'the guard lanes are wrong',
    });
  });

  it('by the operator ends the run, and everyone hears why', () => {
    const table = new RoundTable();
    table.withheld.add('delta/share');
    table.start().coordinator({ type: 'abort', reason: 'the operator stopped it' });
    expect(table.rounds[0]!.outcome).to.include({
      type: 'abandoned',
      phase: 'share',
      reason: 'the operator stopped it',
    });
    expect(table.told('beta').slice(-2)).to.deep.equal(['abandoned', 'finished']);
  });

  it('by the operator after uploads asks for aborts first, so that what was uploaded is free for another run', () => {
    const table = new RoundTable();
    table.withheld.add('delta/upload');
    table.start().coordinator({ type: 'abort', reason: 'the operator stopped it' });
    expect(table.state.stage).to.include({ type: 'over', outcome: 'aborted', reason: 'the operator stopped it' });
    expect(table.told('beta').slice(-4)).to.deep.equal([
      'abandoned',
      'abort-proposal',
      'abort-certificate',
      'finished',
    ]);
    expect(settled(table)).to.deep.equal([1]);
    const records = table.chairs
      .get('beta')!
      .journal.flatMap((one) => (one.type === 'session' ? [one.record.type] : []));
    expect(records).to.include.members(['abort-signed', 'abort-certified']);
  });

  it('by the operator keeps nothing of aborts that come when it is over, and acknowledges them', () => {
    const table = new RoundTable();
    table.withheld.add('delta/upload');
    table.start().coordinator({ type: 'abort', reason: 'the operator stopped it' });
    const finished = table.journal.findIndex(({ type }) => type === 'finished');
    expect(table.journal.slice(finished).map(({ type }) => type)).to.deep.equal(['finished']);
    const aborts = table.effects.filter((effect) => effect.type === 'accepted' && effect.step === 'abort');
    expect(aborts).to.have.length(5);
  });

  it('by the operator is over after a step’s time when too few can abort, at once when the operator insists', () => {
    const aborting = () =>
      losingAtCertify('gamma', 'delta', 'epsilon').coordinator({ type: 'abort', reason: 'the operator stopped it' });
    const table = aborting();
    expect(table.waiting).to.match(/^waiting for 3 of 5 \(delta, epsilon, gamma\), 10 s; then the run ends$/);
    expect(table.pass(10_000).state.stage.type).to.equal('over');
    const again = aborting().coordinator({ type: 'abort', reason: 'at once' });
    expect(again.state.stage).to.include({ type: 'over', reason: 'the operator stopped it' });
  });

  it('by the operator of a certified sum that is waited for asks nobody for anything, and it is never opened', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    for (const name of ['gamma', 'delta', 'epsilon']) table.withheld.add(`${name}/reveal`);
    table.start().pass(100_000);
    expect(table.waiting).to.contain('the certified sum is waited for');
    table.coordinator({ type: 'abort', reason: 'nobody comes back' });
    expect(table.state.stage).to.include({ type: 'over', outcome: 'aborted', reason: 'nobody comes back' });
    for (const name of everyone) {
      expect(table.told(name), name).to.not.include('abort-proposal');
      expect(statements(table, name), name).to.include('survivors-signed').and.not.include('abort-signed');
      // Whoever had not revealed cannot any more.
      expect(table.chairs.get(name)!.roots.size, name).to.equal(0);
    }
    table.withheld.clear();
    for (const name of everyone) table.kill(name).connect(name);
    expect(table.pass(1_000_000).sums).to.deep.equal([]);
  });

  it('by the operator ends the run also when the coordinator is killed meanwhile', () => {
    for (let event = 1; event <= 8; event++) {
      const table = new RoundTable();
      table.withheld.add('delta/upload');
      table.start();
      table.killedWithin = table.taken + event;
      table.coordinator({ type: 'abort', reason: 'the operator stopped it' }).pass(100_000);
      expect(table.state.stage, `within event ${event}`).to.include({ type: 'over', outcome: 'aborted' });
      expect(table.rounds, `within event ${event}`).to.have.lengthOf(1);
      expect(table.sums, `within event ${event}`).to.deep.equal([]);
    }
  });
});

describe('A run that the operator ends in a pause', () => {
  const paused = () =>
    losingBy(examplePlan({ onShortfall: { action: 'pause' } }), 'gamma', 'delta', 'epsilon').pass(10_000);

  it('waits a step’s time for aborts, also when its coordinator is started again meanwhile', () => {
    const table = paused();
    expect(table.state.stage.type).to.equal('paused');
    table.coordinator({ type: 'abort', reason: 'for good' }).restartCoordinator();
    expect(table.state.stage.type).to.equal('settle');
    table.connect('gamma');
    expect(settled(table)).to.deep.equal([1]);
    const { stage } = table.state;
    expect(stage.type === 'over' && stage.reason).to.match(/^for good: /);
  });

  it('is over after that time in any case', () => {
    const table = paused().coordinator({ type: 'abort', reason: 'for good' }).restartCoordinator();
    expect(table.pass(10_000).state.stage).to.include({ type: 'over', outcome: 'aborted' });
  });
});

describe('A run in which a dealer committed to another secret than it shares', () => {
  const spoiled = () =>
    new RoundTable({ cryptoOf: (name) => (name === 'gamma' ? otherCommitment() : nodeCrypto) }).start();
  const dealt = 'gamma: the shares it dealt do not rebuild the secret it committed to';

  it('names it in the round, and pauses with that name and what a person can do', () => {
    const table = spoiled();
    expect(table.rounds.map(({ outcome }) => outcome)).to.deep.equal([
      { type: 'abandoned', phase: 'reveal', reason: dealt },
    ]);
    expect(table.state.stage).to.include({ type: 'paused' });
    const reason = table.state.stage.type === 'paused' ? table.state.stage.reason : '';
    expect(reason.startsWith(`${dealt}; too few are left`), reason).to.equal(true);
    expect(reason).to.contain('end the run and propose a plan that begins with another model');
    expect(table.pass(10_000_000).rounds).to.have.lengthOf(1);
  });

  it('ends when the operator says so: nobody signs anything more, and nobody contributes to that model again', () => {
    const table = spoiled().coordinator({ type: 'abort', reason: 'a bad dealer' });
    expect(table.state.stage).to.include({ type: 'over', outcome: 'aborted' });
    const { stage } = table.state;
    expect(stage.type === 'over' && stage.reason.startsWith(`a bad dealer: ${dealt}`)).to.equal(true);
    for (const name of everyone) {
      expect(table.told(name).at(-1), name).to.equal('finished');
      expect(table.told(name), name).to.not.include('abort-proposal');
      const said = statements(table, name);
      expect(said, name).to.include.members(['survivors-signed', 'revealed']).and.not.include('abort-signed');
      // The same model in another run.
      table.participant(name, { type: 'message', message: { type: 'run', ...table.offer() } });
      const started = table.journal.find((record) => record.type === 'round-started');
      const { baseModelHash } = started?.type === 'round-started' ? started : expect.fail();
      const train = { type: 'train', round: 2, kind: 'train', modelVersion: 0, baseModelHash, readyMillis: 1 } as const;
      table.participant(name, { type: 'message', message: train });
      expect(refusals(table, name), name).to.include('base.signed');
    }
    expect(table.sums).to.deep.equal([]);
  });

  it('ends also when the coordinator was killed within the operator’s word', () => {
    for (let event = 1; event <= 3; event++) {
      const table = spoiled();
      table.killedWithin = table.taken + event;
      table.coordinator({ type: 'abort', reason: 'a bad dealer' }).pass(100_000);
      expect(table.state.stage, `within event ${event}`).to.include({ type: 'over', outcome: 'aborted' });
      expect(
        table.journal.filter(({ type }) => type === 'finished'),
        `within event ${event}`,
      ).to.have.lengthOf(1);
    }
  });
});
