import { FederatedError, type ParticipationEffect, type ParticipationRecord } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan, measuredPlan } from './example-plan.js';
import { aRefusal, RoundTable } from './round-table.js';

const effectsOf = (table: RoundTable, name: string, type: ParticipationEffect['type']) =>
  table.chairs.get(name)!.effects.filter((effect) => effect.type === type);

const journalOf = (table: RoundTable, name: string) => table.chairs.get(name)!.journal.map((record) => record.type);

const one = (over = {}) => new RoundTable({ plan: examplePlan({ rounds: 1, ...over }) });

describe('a participant', () => {
  it('asks its policy before anything else and signs what it approved', () => {
    const table = new RoundTable().start('alpha');
    const kinds = table.chairs.get('alpha')!.effects.map((effect) => effect.type);
    expect(kinds.indexOf('consider-plan')).to.be.greaterThan(-1).and.lessThan(kinds.indexOf('send'));
    expect(journalOf(table, 'alpha')).to.deep.equal(['approved']);
  });

  it('that refuses the plan says the rule and takes no part', () => {
    const table = new RoundTable({ refusing: new Map([['alpha', aRefusal('policy.file')]]) }).start();
    expect(table.declined('alpha')).to.deep.equal(['policy.file']);
    expect(effectsOf(table, 'alpha', 'refuse')).to.have.lengthOf(1);
    expect(effectsOf(table, 'alpha', 'train')).to.deep.equal([]);
  });

  it('does not ask its policy again after a reconnection', () => {
    const table = new RoundTable().start('alpha').disconnect('alpha').connect('alpha');
    expect(effectsOf(table, 'alpha', 'consider-plan')).to.have.lengthOf(1);
    expect(table.state.people.get('alpha')).to.deep.equal({ connected: true, standing: 'approved' });
  });

  it('trains, prepares, and only then says that it is ready', () => {
    const kinds = one()
      .start()
      .chairs.get('beta')!
      .effects.map((effect) => (effect.type === 'send' ? effect.message.type : effect.type));
    const order = ['train', 'prepare-update', 'ready', 'seal-root', 'mask', 'upload', 'erase'].map((kind) =>
      kinds.indexOf(kind as never),
    );
    expect(order).to.deep.equal([...order].sort((a, b) => a - b));
    expect(order).not.to.include(-1);
  });

  it('journals that it entered before a root exists, and what it contributed before the first byte leaves', () => {
    const kinds = one()
      .start()
      .chairs.get('beta')!
      .effects.map((effect) => (effect.type === 'journal' ? effect.record.type : effect.type));
    expect(kinds.indexOf('session-entered')).to.be.greaterThan(-1).and.lessThan(kinds.indexOf('seal-root'));
    expect(kinds.indexOf('contributed')).to.be.greaterThan(-1).and.lessThan(kinds.indexOf('upload'));
  });

  it('never journals a secret or a count of records', () => {
    const allowed = ['approved', 'session-entered', 'session', 'contributed', 'base-signed', 'session-left'];
    expect(allowed).to.include.members(journalOf(one().start(), 'beta'));
  });

  it('with NaN in its update refuses by name, and tells the coordinator the rule but not the place', () => {
    const table = one();
    const message = 'the update holds NaN at dense/bias[1]';
    table.failing.set('beta/train', new FederatedError('refused', message, { detail: { rule: 'update.finite' } }));
    table.start();
    expect(effectsOf(table, 'beta', 'refuse')[0]).to.have.nested.property('error.message', message);
    expect(table.declined('beta')).to.deep.equal(['update.finite']);
    expect(JSON.stringify(table.progress)).not.to.include('dense/bias');
    table.pass(60_000);
    expect(table.rounds[0]!.survivors).to.have.lengthOf(4);
  });

  it('whose mask fails leaves the session at once', () => {
    const table = one();
    table.failing.set('beta/mask', new FederatedError('internal', 'disk full'));
    table.start();
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    expect(table.rounds[0]!.recovered).to.deep.equal(['beta']);
    expect(effectsOf(table, 'beta', 'erase')).to.have.lengthOf(1);
  });

  it('erases its secrets when a round is abandoned', () => {
    const table = one({ onShortfall: { action: 'abort' } });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/share`);
    table.start().pass(10_000);
    for (const name of table.chairs.keys()) expect(effectsOf(table, name, 'erase'), name).to.have.lengthOf(1);
  });

  it('erases its secrets by itself when it hears nothing any more', () => {
    const table = one();
    for (const name of ['gamma', 'delta', 'epsilon']) table.withheld.add(`${name}/advertise`);
    table.start().disconnect('beta').pass(3_599_999);
    expect(effectsOf(table, 'beta', 'erase')).to.have.lengthOf(0);
    table.pass(1);
    expect(effectsOf(table, 'beta', 'erase')).to.have.lengthOf(1);
  });

  it('that leaves says so, and the others go on', () => {
    const table = one();
    table.withheld.add('delta/share');
    table.start().participant('delta', { type: 'stop' });
    expect(table.declined('delta')).to.deep.equal(['participant.leaving']);
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    expect(table.now).to.equal(0);
  });

  it('sits out when the session opened without it, and its update is discarded', () => {
    const table = one();
    table.withheld.add('delta/train');
    table.start().pass(30_000);
    expect(effectsOf(table, 'delta', 'stop-training')).to.have.lengthOf(1);
    expect(effectsOf(table, 'delta', 'report')).to.deep.include({
      type: 'report',
      progress: { type: 'sitting-out', round: 1, reason: 'was not ready in time' },
    });
  });

  it('refuses a session that its coordinator did not sign, by name, and the update stays free', () => {
    const table = one({ onShortfall: { action: 'abort' } });
    for (const name of ['delta', 'epsilon']) table.withheld.add(`${name}/train`);
    table.start();
    const config = { body: new Uint8Array(40), signature: new Uint8Array(64) };
    const message = { type: 'session', round: 1, frame: { type: 'open', config } } as const;
    table.participant('alpha', { type: 'message', message });
    expect(table.declined('alpha')).to.have.lengthOf(1);
    expect(effectsOf(table, 'alpha', 'refuse')).to.have.lengthOf(1);
    expect(effectsOf(table, 'alpha', 'erase')).to.have.lengthOf(1);
    expect(effectsOf(table, 'alpha', 'discard-update')).to.have.lengthOf(0);
    expect(journalOf(table, 'alpha')).not.to.include('contributed');
  });

  it('is not troubled when enough others signed and revealed before it', () => {
    const table = one();
    table.withheld.add('gamma/reveal');
    table.start();
    const reveal = effectsOf(table, 'gamma', 'send').at(-1);
    if (reveal?.type !== 'send' || reveal.message.type !== 'session') throw new Error('nothing was revealed');
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    for (let times = 0; times < 2; times++) {
      table.coordinator({ type: 'message', participant: 'gamma', message: reveal.message });
      expect(table.effects.at(-1)).to.include({ type: 'accepted', participant: 'gamma', round: 1, step: 'reveal' });
    }
    const late = new FederatedError('protocol', 'a certify message is not expected now');
    table.participant('gamma', { type: 'rejected', round: 1, error: late });
    for (const name of table.chairs.keys()) expect(effectsOf(table, name, 'refuse'), name).to.deep.equal([]);
  });

  it('ignores what belongs to no round of its own', () => {
    const table = new RoundTable().start('alpha');
    const before = table.chairs.get('alpha')!.state;
    const frame = { type: 'cohort', adverts: [] } as const;
    table
      .participant('alpha', { type: 'message', message: { type: 'session', round: 7, frame } })
      .participant('alpha', { type: 'trained', round: 7 })
      .participant('alpha', { type: 'prepared', round: 7 })
      .participant('alpha', { type: 'root-sealed', round: 7, root: new Uint8Array(32) })
      .participant('alpha', { type: 'masked', round: 7, lengthBytes: 48, merkleRoot: new Uint8Array(32) })
      .participant('alpha', { type: 'failed', round: 7, error: aRefusal('x') })
      .participant('alpha', { type: 'timer', name: 'session:7' });
    expect(table.chairs.get('alpha')!.state).to.deep.equal(before);
  });

  it('leaves a round for which it is ready when it may not be entered any more, and keeps no update of it', () => {
    const table = new RoundTable();
    table.withheld.add('beta/ready');
    table.start();
    expect(table.chairs.get('alpha')!.state.work.type).to.equal('ready');
    table.participant('alpha', { type: 'failed', round: 1, error: aRefusal('approval.withdrawn') });
    const { work, held } = table.chairs.get('alpha')!.state;
    expect([work.type, held]).to.deep.equal(['idle', undefined]);
    expect(table.declined('alpha')).to.deep.equal(['approval.withdrawn']);
  });
});

describe('a participant that was killed', () => {
  const base = new Uint8Array(32).fill(5);
  const restarted = (records: readonly ParticipationRecord[], plan = examplePlan({ rounds: 1 })) => {
    const table = new RoundTable({ plan });
    table.chairs.get('delta')!.journal.push(...records);
    // The first round's base is the plan's initial model: all zero digits.
    return table.kill('delta');
  };
  const initial = new Uint8Array(32);

  it('does not enter a round up to the last one that it entered', () => {
    const table = restarted([
      { type: 'session-entered', kind: 'train', runId: 'run-1', round: 2, baseModelHash: base },
    ]).start();
    expect(table.declined('delta')).to.deep.equal(['session.left']);
  });

  it('does not enter a round that it entered on another base model', () => {
    const table = restarted([
      { type: 'session-entered', kind: 'train', runId: 'run-1', round: 1, baseModelHash: base },
    ]).start();
    expect(table.declined('delta')).to.deep.equal(['session.left']);
  });

  it('does not contribute to a base model for which it signed survivors', () => {
    const table = restarted([{ type: 'base-signed', runId: 'other', round: 1, baseModelHash: initial }]).start();
    expect(table.declined('delta')).to.deep.equal(['base.signed']);
  });

  it('does not contribute to a base model more often than its policy allows', () => {
    const times = (rounds: readonly number[]) =>
      rounds.map((round): ParticipationRecord => {
        return { type: 'contributed', runId: 'other', round, baseModelHash: initial, metrics: false };
      });
    expect(
      restarted(times([1, 2]))
        .start()
        .declined('delta'),
    ).to.deep.equal([]);
    expect(
      restarted(times([1, 2, 3]))
        .start()
        .declined('delta'),
    ).to.deep.equal(['base.contributions']);
  });

  it('does not send metrics twice for one run and model', () => {
    const sent = { type: 'contributed', runId: 'run-1', round: 0, baseModelHash: initial, metrics: true } as const;
    const table = restarted([sent], measuredPlan()).start();
    expect(table.rounds[0]!.survivors).to.have.lengthOf(5);
    expect(table.rounds[0]!.metrics[0]!.participants).to.equal(4);
  });
});
