import { cohortOf, framesSent, openAggregator, stepAggregator, survivors } from '@concordat/core';
import { expect } from 'chai';
import { detailThrownBy, ruleOf } from '../../../support/rules.js';
import { InMemorySession } from '../../../support/session.js';

describe('An aggregator that opens a session', () => {
  const session = new InMemorySession({ participants: 4, maxColluders: 1 });
  const { aggregatorPorts: ports, config, roster, ids } = session;

  it('writes it down, asks everyone invited, and waits until a deadline', () => {
    const { state, effects } = openAggregator(ports, { config, roster, invited: ids });
    expect(effects.map(({ type }) => type)).to.deep.equal(['journal', 'send', 'send', 'send', 'send', 'timer']);
    expect(effects.at(-1)).to.deep.equal({ type: 'timer', step: 'advertise' });
    expect([cohortOf(state), survivors(state), framesSent(state, 'nobody')]).to.deep.equal([[], [], []]);
  });

  it('invites members of the roster, once each', () => {
    for (const [invited, offered] of [
      [['1', '2', '3', '9'], '9'],
      [['1', '2', '3', '3'], '3'],
    ] as const) {
      expect(detailThrownBy(() => openAggregator(ports, { config, roster, invited }))).to.deep.equal({
        rule: 'cohort.roster',
        required: 'members, once each',
        offered,
      });
    }
  });

  it('takes one participant of an organization', () => {
    const played = new InMemorySession({ participants: 4, maxColluders: 1 }).run();
    const adverts = played.replies.filter(({ frame }) => frame.type === 'advertise');
    const shared = new Map(played.roster).set('2', { ...played.roster.get('2')!, organization: 'org-1' });
    const opened = openAggregator(played.aggregatorPorts, {
      config: played.config,
      roster: shared,
      invited: played.ids,
    });
    const [first, second] = adverts;
    const one = stepAggregator(played.aggregatorPorts, opened.state, { type: 'reply', ...first! });
    const two = stepAggregator(played.aggregatorPorts, one.state, { type: 'reply', ...second! });
    const rejected = two.effects.find(({ type }) => type === 'rejected');
    const error = rejected?.type === 'rejected' ? rejected.error : undefined;
    expect(ruleOf(error)).to.equal('cohort.organization');
    expect(error?.detail).to.include({ required: 'one participant per organization', offered: '1' });
  });
});
