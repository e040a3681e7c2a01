import {
  type AggregatorEffect,
  type AggregatorState,
  awaited,
  cohortOf,
  openAggregator,
  type SessionReply,
  stepAggregator,
} from '@concordat/core';
import { expect } from 'chai';
import { crypto, InMemorySession, type SessionOptions } from '../../../support/session.js';

const slow = '5';
const watched = '4';

interface Moment {
  readonly frame: SessionReply;
  readonly state: AggregatorState;
}

/** A session of five, with every answer of one participant and where the aggregator stood when it was on its way. */
function played(from: string, options: Partial<SessionOptions> = {}) {
  const moments: Moment[] = [];
  const session = new InMemorySession({
    participants: 5,
    maxColluders: 1,
    ...options,
    onReply: (sender, frame, played) => {
      if (sender === from) moments.push({ frame, state: played.aggregator });
      return options.onReply === undefined ? frame : options.onReply(sender, frame, played);
    },
  }).run();
  const tell = (state: AggregatorState, sender: string, frame: SessionReply) =>
    stepAggregator(session.aggregatorPorts, state, { type: 'reply', from: sender, frame });
  return { session, moments, tell };
}

const refusal = ([effect]: readonly AggregatorEffect[]) =>
  effect?.type === 'rejected' ? effect.error.detail : effect?.type;
const nonsense = { body: new Uint8Array(3), signature: new Uint8Array(64) };

describe('An answer that comes late', () => {
  const honest = played(slow).moments.map(({ frame }) => frame);

  for (const silent of ['share', 'confirm'] as const) {
    it(`to ${silent} is refused without blame, and its sender takes no part in what follows`, () => {
      const { session, moments, tell } = played(watched, { silentFrom: new Map([[slow, silent]]) });
      const after = moments.filter((_, at) => at > moments.findIndex(({ frame }) => frame.type === silent));
      expect(after.length).to.be.greaterThan(1);
      for (const { state } of [...after, { state: session.aggregator }]) {
        expect(awaited(state), state.phase).to.not.include(slow);
        for (const frame of honest.filter(({ type }) => [silent, 'upload', 'reveal'].includes(type))) {
          const taken = tell(state, slow, frame);
          expect(taken.state, `${frame.type} in ${state.phase}`).to.equal(state);
          expect(refusal(taken.effects)).to.deep.equal({ step: frame.type, phase: state.phase });
        }
      }
    });
  }

  it('to upload is refused while the others certify and reveal', () => {
    const { moments, tell } = played(watched, {
      onReply: (from, frame) => (from === slow && frame.type === 'upload' ? undefined : frame),
    });
    const header = honest.find(({ type }) => type === 'upload')!;
    const after = moments.filter(({ frame }) => frame.type === 'certify' || frame.type === 'reveal');
    expect(after.length).to.equal(2);
    for (const { state } of after) {
      const taken = tell(state, slow, header);
      expect(taken.state).to.equal(state);
      expect(refusal(taken.effects)).to.deep.equal({ step: 'upload', phase: state.phase });
    }
  });

  it('to a sum that is open is refused, unless it is a statement or a reveal', () => {
    const { session, tell } = played(slow);
    const taken = tell(session.aggregator, slow, { type: 'abort', statement: nonsense });
    expect(refusal(taken.effects)).to.deep.equal({ step: 'abort', phase: 'opened' });
  });

  it('to a session that was given up is refused, unless it is a statement or an abort', () => {
    const { session, tell } = played(slow, {
      onReply: (from, frame) => (frame.type === 'certify' && from >= watched ? undefined : frame),
    });
    expect(session.aggregator.phase).to.equal('aborted');
    const taken = tell(session.aggregator, slow, { type: 'reveal', reveal: nonsense });
    expect(refusal(taken.effects)).to.deep.equal({ step: 'reveal', phase: 'aborted' });
  });
});

describe('A vector', () => {
  const { session, moments, tell } = played(slow);
  const { frame: header, state: before } = moments.find(({ frame }) => frame.type === 'upload')!;
  const contentDigest = header.type === 'upload' ? crypto.sha256(header.upload.body) : new Uint8Array(32);
  const complete = { type: 'upload-complete', from: slow, contentDigest } as const;

  it('is expected until it is complete, and then acknowledged', () => {
    const expecting = tell(before, slow, header);
    expect(expecting.effects.map(({ type }) => type)).to.deep.equal(['journal', 'expect-upload']);
    const again = tell(expecting.state, slow, header);
    expect([again.state, again.effects.map(({ type }) => type)]).to.deep.equal([expecting.state, ['expect-upload']]);
    const held = stepAggregator(session.aggregatorPorts, expecting.state, complete);
    expect(held.state.phase).to.equal('upload');
    const repeated = tell(held.state, slow, header);
    expect(repeated.effects).to.deep.equal([{ type: 'accepted', from: slow, step: 'upload', contentDigest }]);
  });

  it('on its way makes no other answer a conflict', () => {
    const expecting = tell(before, slow, header);
    const early = moments.find(({ frame }) => frame.type === 'certify')!.frame;
    expect(refusal(tell(expecting.state, slow, early).effects)).to.deep.equal({ step: 'certify', phase: 'upload' });
  });

  it('is complete in no step but upload', () => {
    for (const { state } of moments) {
      if (state.phase === 'upload') continue;
      const taken = stepAggregator(session.aggregatorPorts, state, complete);
      expect(taken, state.phase).to.deep.equal({ state, effects: [] });
    }
  });
});

describe('A participant that leaves', () => {
  it('after its advertisement and before the cohort is frozen is not in the cohort, and recorded', () => {
    const { session, moments, tell } = played(slow);
    const gone = { type: 'absent', from: '1', reason: 'gone' } as const;
    const adverts = session.replies.filter(({ frame }) => frame.type === 'advertise');
    // Before the last one answered: its departure alone changes nothing else.
    const { state: advertised } = tell(moments[0]!.state, '1', adverts[0]!.frame);
    const left = stepAggregator(session.aggregatorPorts, advertised, gone);
    expect(left.effects).to.deep.equal([{ type: 'journal', record: { type: 'input', event: gone } }]);
    const closed = adverts.reduce(
      (step, { from, frame }) => {
        const next = tell(step.state, from, frame);
        return { state: next.state, effects: [...step.effects, ...next.effects] };
      },
      { state: left.state, effects: [] as readonly AggregatorEffect[] },
    );
    expect([closed.state.phase, cohortOf(closed.state)]).to.deep.equal(['share', ['2', '3', '4', '5']]);
    const dropout = { participant: '1', step: 'advertise', reason: 'gone' };
    expect(closed.effects).to.deep.include({ type: 'journal', record: { type: 'dropped', dropout } });
  });

  it('with all others ends the session for its runner too', () => {
    const session = new InMemorySession({ participants: 4, maxColluders: 1 });
    const { aggregatorPorts: ports, config, roster, ids } = session;
    const { state } = openAggregator(ports, { config, roster, invited: ids });
    const closed = stepAggregator(ports, state, { type: 'close-step', step: 'advertise' });
    if (closed.state.phase !== 'abandoned') throw new Error(`it is ${closed.state.phase}`);
    expect(closed.effects.at(-1)).to.deep.equal({ type: 'abandoned', abandonment: closed.state.abandonment });
  });
});
