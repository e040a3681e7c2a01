import {
  type AggregatorEffect,
  type SessionReply,
  type SessionStep,
  type ShareBody,
  stepAggregator,
} from '@concordat/core';
import { expect } from 'chai';
import { codec, InMemorySession } from '../../../support/session.js';

/** Six (c = 2, T = 5), of whom the last two send nothing from `step` on: how the session was given up. */
function givenUp(step: SessionStep) {
  const session = new InMemorySession({
    participants: 6,
    maxColluders: 2,
    minCohort: 5,
    onReply: (from, frame) => (from > '4' && frame.type === step ? undefined : frame),
  }).run();
  const records = session.records.flatMap((record) => (record.type === 'abandoned' ? [record.abandonment] : []));
  expect(records).to.have.length(1);
  return records[0]!;
}

const present = ['1', '2', '3', '4'];

describe('A session with too few', () => {
  it('advertisements says how many the plan wants, and who came', () => {
    const { step, reason, detail } = givenUp('advertise');
    expect([step, reason === '']).to.deep.equal(['advertise', false]);
    expect(detail).to.deep.equal({ rule: 'cohort.min', required: 5, offered: 4, advertised: present });
  });

  const cases = [
    ['share', { dealers: present }, 'too few participants dealt their shares'],
    ['confirm', { dealers: [] }, 'too few dealers were confirmed'],
    ['upload', { uploaded: present }, 'too few masked updates arrived'],
    ['certify', { signers: present }, 'too few survivors signed their statement'],
  ] as const;
  for (const [step, who, reason] of cases) {
    it(`answers at ${step} says how many are required, and whose came`, () => {
      const offered = Object.values(who)[0]!.length;
      expect(givenUp(step)).to.deep.equal({ step, reason, detail: { required: 5, offered, ...who } });
    });
  }
});

describe('A session of which one dealer left and fewer than T survivors hold its shares', () => {
  /** Five (c = 1, T = 4): "1" gets no box of "5", so exactly T confirm "5", itself among them. */
  const played = (leaves: boolean) =>
    new InMemorySession({
      participants: 5,
      maxColluders: 1,
      onFrame: (to, frame) =>
        to === '1' && frame.type === 'boxes'
          ? { ...frame, boxes: frame.boxes.filter(({ dealer }) => dealer !== 4) }
          : frame,
      onReply: (from, frame) => (leaves && from === '5' && frame.type === 'upload' ? undefined : frame),
    }).run();

  it('is given up before anything is signed, and its updates are free', () => {
    const session = played(true);
    const abandonment = {
      step: 'upload',
      reason: 'too few survivors hold shares of a dealer',
      detail: { required: 4, offered: 3, dealer: '5' },
    };
    expect(session.records).to.deep.include({ type: 'abandoned', abandonment });
    expect(session.replies.filter(({ frame }) => frame.type === 'certify')).to.deep.equal([]);
    expect(session.aggregator.phase).to.equal('aborted');
  });

  it('is opened when that dealer stays', () => {
    const session = played(false);
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
  });
});

describe('A certified session', () => {
  it('of which nobody is left who could open it says whose shares are wanting', () => {
    const silentFrom = new Map<string, SessionStep>([
      ['4', 'reveal'],
      ['5', 'reveal'],
    ]);
    const session = new InMemorySession({ participants: 5, maxColluders: 1, silentFrom }).run();
    for (const from of silentFrom.keys()) session.toAggregator({ type: 'absent', from, reason: 'it is gone' });
    expect(session.records.filter(({ type }) => type === 'abandoned')).to.deep.equal([
      {
        type: 'abandoned',
        abandonment: {
          step: 'reveal',
          reason: 'too few shares were revealed',
          detail: { required: 4, dealers: [...session.ids] },
        },
      },
    ]);
  });

  it('that a dealer spoiled names the dealer', () => {
    const share = {
      ...codec.share,
      encode: (body: ShareBody) => codec.share.encode({ ...body, selfSecretHash: new Uint8Array(32) }),
    };
    const session = new InMemorySession({
      participants: 4,
      maxColluders: 1,
      onPorts: (id, ports) => (id === '3' ? { ...ports, codec: { ...codec, share } } : ports),
    }).run();
    const reason = '3: the shares it dealt do not rebuild the secret it committed to';
    expect(session.records.filter(({ type }) => type === 'abandoned')).to.deep.equal([
      { type: 'abandoned', abandonment: { step: 'reveal', reason, detail: { dealer: '3' } } },
    ]);
  });
});

describe('The aggregator answers', () => {
  const session = new InMemorySession({ participants: 4, maxColluders: 1 }).run();
  const reply = (id: string, type: SessionReply['type']): SessionReply =>
    session.replies.find(({ from, frame }) => from === id && frame.type === type)!.frame;
  const rejection = (from: string, frame: SessionReply) => {
    const { effects } = stepAggregator(session.aggregatorPorts, session.aggregator, { type: 'reply', from, frame });
    const [effect] = effects as readonly Extract<AggregatorEffect, { type: 'rejected' }>[];
    return [
      effect!.type,
      effect!.from,
      effect!.step,
      effect!.error.code,
      effect!.error.detail,
      effect!.error.fix !== '',
    ];
  };

  it('a stranger that nothing of it is expected', () => {
    for (const type of ['advertise', 'reveal'] as const) {
      const detail = { step: type, phase: 'opened' };
      expect(rejection('9', reply('1', type))).to.deep.equal(['rejected', '9', type, 'protocol', detail, true]);
    }
  });

  it('other content in the place of what was accepted with a conflict', () => {
    // Statements are the same for all: there is no other one to send.
    for (const type of ['advertise', 'share', 'confirm', 'upload', 'reveal'] as const) {
      const detail = { participant: '1', step: type };
      expect(rejection('1', reply('2', type))).to.deep.equal(['rejected', '1', type, 'conflict', detail, true]);
    }
  });

  it('with one deadline per step, in the order of the steps', () => {
    let state = new InMemorySession({ participants: 4, maxColluders: 1 }).aggregator;
    const timers: string[] = [];
    for (const record of session.records) {
      if (record.type !== 'input') continue;
      const step = stepAggregator(session.aggregatorPorts, state, record.event);
      for (const effect of step.effects) if (effect.type === 'timer') timers.push(effect.step);
      state = step.state;
    }
    expect(timers).to.deep.equal(['share', 'confirm', 'upload', 'certify', 'reveal']);
  });
});
