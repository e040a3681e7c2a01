import { type AggregatorState, framesSent, type SessionReply } from '@concordat/core';
import { expect } from 'chai';
import { InMemorySession } from '../../../support/session.js';

/** Answers of "5" to these steps overtake all others. */
function overtaking(...types: readonly SessionReply['type'][]): InMemorySession {
  return new InMemorySession({
    participants: 5,
    maxColluders: 1,
    onReply: (from, frame, session) => {
      if (from !== '5' || !types.includes(frame.type)) return frame;
      session.toAggregator({ type: 'reply', from, frame });
      return undefined;
    },
  }).run();
}

describe('An aggregator that closes a step', () => {
  it('lists people in cohort order, whoever answered first', () => {
    const session = overtaking('share', 'confirm', 'certify');
    expect(session.refusals).to.deep.equal([]);
    const [, , boxes, dealers, , certificate] = framesSent(session.aggregator, '1');
    expect(boxes?.type === 'boxes' ? boxes.boxes.map(({ dealer }) => dealer) : undefined).to.deep.equal([1, 2, 3, 4]);
    expect(dealers?.type === 'dealers' ? dealers.shares.map(({ dealer }) => dealer) : undefined).to.deep.equal([
      0, 1, 2, 3, 4,
    ]);
    const signers = certificate?.type === 'certificate' ? certificate.signatures : [];
    expect(signers.map(({ participant }) => participant)).to.deep.equal([0, 1, 2, 4]);
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
  });

  it('goes on with T signatures, without waiting for the last', () => {
    const phases: AggregatorState['phase'][] = [];
    const session = new InMemorySession({
      participants: 5,
      maxColluders: 1,
      onReply: (from, frame, { aggregator }) => {
        if (frame.type === 'reveal') phases.push(aggregator.phase);
        return frame.type === 'certify' && from === '5' ? undefined : frame;
      },
    });
    session.run();
    expect(phases.slice(0, 4)).to.deep.equal(['reveal', 'reveal', 'reveal', 'reveal']);
    expect(session.records.filter(({ type }) => type === 'dropped')).to.deep.equal([]);
  });

  it('drops those who did not answer before the deadline, and nobody else', () => {
    for (const step of ['advertise', 'share'] as const) {
      const session = new InMemorySession({
        participants: 5,
        maxColluders: 1,
        silentFrom: new Map([['3', step]]),
      }).run();
      const dropout = { participant: '3', step, reason: 'no answer before the deadline of the step' };
      expect(session.records.filter(({ type }) => type === 'dropped')).to.deep.equal([{ type: 'dropped', dropout }]);
      expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(['1', '2', '4', '5']));
    }
  });

  it('ends in the open when too few are left, for its records and its runner', () => {
    const silentFrom = new Map(['3', '4'].map((id) => [id, 'share' as const]));
    const session = new InMemorySession({ participants: 5, maxColluders: 1, silentFrom }).run();
    const { aggregator } = session;
    if (aggregator.phase !== 'abandoned') throw new Error(`it is ${aggregator.phase}`);
    const { abandonment } = aggregator;
    expect(abandonment.step).to.equal('share');
    expect(session.records.at(-1)).to.deep.equal({ type: 'abandoned', abandonment });
  });
});

/** The dealers of a session in which these boxes, by receiver, do not arrive. */
function dealersWithout(participants: number, maxColluders: number, lost: Record<string, readonly number[]>) {
  const session = new InMemorySession({
    participants,
    maxColluders,
    onFrame: (to, frame) =>
      frame.type === 'boxes'
        ? { ...frame, boxes: frame.boxes.filter(({ dealer }) => !(lost[to] ?? []).includes(dealer)) }
        : frame,
  }).run();
  const dealers = framesSent(session.aggregator, session.ids[0]!).find(({ type }) => type === 'dealers');
  return dealers?.type === 'dealers' ? dealers.shares.map(({ dealer }) => dealer) : undefined;
}

describe('The dealers that an aggregator chooses', () => {
  it('lack whom more than c deny, although T confirm it', () => {
    // n = 8, c = 1, T = 5: six confirm the last dealer, and two do not.
    expect(dealersWithout(8, 1, { 1: [7], 2: [7] })).to.deep.equal([0, 1, 2, 3, 4, 5, 6]);
    expect(dealersWithout(8, 1, { 1: [7] })).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('lack whom T confirm only with the help of one that is left out', () => {
    // n = 10, c = 4, T = 8, in cohort order "1", "10", "2" …: seven confirm index 9, and eight index 8, with 9 among them.
    expect(dealersWithout(10, 4, { 1: [9, 8], 10: [9, 8], 2: [9] })).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
