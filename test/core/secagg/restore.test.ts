import { type AggregatorState, openAggregator, restoreAggregator, stepAggregator } from '@concordat/core';
import { expect } from 'chai';
import { InMemorySession } from '../../support/session.js';

describe('a session restored from its records', () => {
  const session = new InMemorySession({
    participants: 5,
    maxColluders: 1,
    silentFrom: new Map([['2', 'upload']]),
  }).run();
  const { aggregatorPorts: ports, config, roster, ids: invited, records } = session;
  const events = records.flatMap((record) => (record.type === 'input' ? [record.event] : []));
  const [opened] = records.flatMap((record) => (record.type === 'session-opened' ? [record] : []));
  const restore = (count: number) =>
    restoreAggregator(ports, { config: opened!.config, invited, roster, events: events.slice(0, count) });

  it('is what it was after every event', () => {
    let state: AggregatorState = openAggregator(ports, { config, roster, invited }).state;
    for (let count = 0; count <= events.length; count++) {
      if (count > 0) state = stepAggregator(ports, state, events[count - 1]!).state;
      expect(restore(count).state, `after ${count} events`).to.deep.equal(state);
    }
    expect(state.phase).to.equal('opened');
  });

  it('asks for its sum again, with the same keys, and for nothing else', () => {
    const { effects } = restore(events.length);
    expect(effects.map(({ type }) => type)).to.deep.equal(['open-sum']);
    expect(effects[0]).to.deep.equal({ type: 'open-sum', sum: session.sum });
    expect(restore(events.length - 1).effects).to.deep.equal([]);
  });

  it('has every event that changed it journalled before anything that follows from it', () => {
    const repeated = session.replies[0]!;
    expect(session.toAggregator({ type: 'reply', ...repeated }).map(({ type }) => type)).to.deep.equal(['accepted']);
    expect(records.at(-1)!.type).to.not.equal('input');
  });
});
