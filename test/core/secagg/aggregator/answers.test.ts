import { type AggregatorState, FederatedError, type SessionReply, stepAggregator } from '@concordat/core';
import { expect } from 'chai';
import { ruleOf } from '../../../support/rules.js';
import { crypto, InMemorySession } from '../../../support/session.js';

const slow = '5';
const steps = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'] as const;

/** An honest session of five, with every answer of participant "5" and where the aggregator stood when it was on its way. */
function played() {
  const moments: { readonly frame: SessionReply; readonly state: AggregatorState }[] = [];
  const session = new InMemorySession({
    participants: 5,
    maxColluders: 1,
    onReply: (from, frame, { aggregator }) => {
      if (from === slow) moments.push({ frame, state: aggregator });
      return frame;
    },
  }).run();
  return { session, moments };
}

describe('An aggregator that is told something', () => {
  it('takes in each step what belongs to it, acknowledges what came before, and nothing that comes later', () => {
    const { session, moments } = played();
    expect(moments.map(({ frame }) => frame.type)).to.deep.equal(steps);
    moments.forEach(({ state, frame: own }, at) => {
      moments.forEach(({ frame }, step) => {
        const taken = stepAggregator(session.aggregatorPorts, state, { type: 'reply', from: slow, frame });
        const what = `${frame.type} while it waits for ${own.type}`;
        if (step > at) {
          expect(taken.state, what).to.equal(state);
          expect(taken.effects.length, what).to.equal(1);
          const [effect] = taken.effects;
          expect(effect?.type === 'rejected' ? effect.error.detail : undefined, what).to.deep.equal({
            step: frame.type,
            phase: state.phase,
          });
        } else if (step < at) {
          expect(taken.state, what).to.equal(state);
          expect(taken.effects.map(({ type }) => type)).to.deep.equal(['accepted']);
        } else {
          expect(taken.state, what).to.not.equal(state);
          expect(taken.effects.some(({ type }) => type === 'rejected')).to.equal(false);
        }
      });
    });
  });

  it('listens to nobody outside the cohort, and to nobody whom it gave up', () => {
    const { session, moments } = played();
    for (const { state, frame } of moments) {
      const told = (from: string, standing: AggregatorState) =>
        stepAggregator(session.aggregatorPorts, standing, { type: 'reply', from, frame });
      const strange = told('somebody', state);
      expect([strange.state, strange.effects.map(({ type }) => type)], frame.type).to.deep.equal([state, ['rejected']]);
      const gone = stepAggregator(session.aggregatorPorts, state, { type: 'absent', from: slow, reason: 'gone' });
      if (gone.state.phase !== state.phase) continue;
      const late = told(slow, gone.state);
      expect([late.state, late.effects.map(({ type }) => type)], frame.type).to.deep.equal([gone.state, ['rejected']]);
      expect(
        stepAggregator(session.aggregatorPorts, gone.state, { type: 'absent', from: slow, reason: 'gone' }),
      ).to.deep.equal({ state: gone.state, effects: [] });
    }
  });

  it('does not end a step that is over, and no reveal', () => {
    const { session, moments } = played();
    for (const { state } of moments) {
      for (const step of steps) {
        if (step === state.phase && step !== 'reveal') continue;
        const closed = stepAggregator(session.aggregatorPorts, state, { type: 'close-step', step });
        expect(closed, `${step} in ${state.phase}`).to.deep.equal({ state, effects: [] });
      }
    }
  });

  it('lets an error of our own through, whatever was sent', () => {
    const { session, moments } = played();
    const ended = { state: session.aggregator, frame: moments.at(-1)!.frame };
    expect(ended.state.phase).to.equal('opened');
    const fresh = { ...ended, state: { ...ended.state, answers: new Map() } as AggregatorState };
    for (const error of [new Error('a bug'), new FederatedError('internal', 'a bug that was noticed')]) {
      const verify = () => {
        throw error;
      };
      const broken = { ...session.aggregatorPorts, crypto: { ...crypto, ed25519Verify: verify } };
      for (const { state, frame } of [...moments, fresh]) {
        expect(() => stepAggregator(broken, state, { type: 'reply', from: slow, frame }), frame.type).to.throw(
          error as Error,
        );
      }
    }
  });

  it('blames who sent what does not decode by the code of the error', () => {
    const { session, moments } = played();
    const { state, frame } = moments[1]!;
    if (frame.type !== 'share') throw new Error(`${frame.type} instead of a share`);
    const body = new Uint8Array(3);
    const signature = session.signers.get(slow)!.sign(signedMessage(body));
    const taken = stepAggregator(session.aggregatorPorts, state, {
      type: 'reply',
      from: slow,
      frame: { ...frame, share: { body, signature } },
    });
    // What came in is journalled first.
    const [, blamed, rejected] = taken.effects;
    expect(blamed).to.deep.equal({
      type: 'journal',
      record: { type: 'blamed', participant: slow, reason: 'malformed' },
    });
    expect(rejected?.type === 'rejected' ? ruleOf(rejected.error) : undefined).to.equal('malformed');
  });
});

function signedMessage(body: Uint8Array): Uint8Array {
  return new Uint8Array([...new TextEncoder().encode('CSA1/share'), 0, ...crypto.sha256(body)]);
}
