import { survivors } from '@concordat/core';
import { expect } from 'chai';
import { forged } from '../../../support/forged-frames.js';
import { ruleOf } from '../../../support/rules.js';
import { codec, InMemorySession } from '../../../support/session.js';

const lateDropout = (): InMemorySession =>
  forged('proposal', (frame) => frame, { silentFrom: new Map([['5', 'upload']]) });

describe('A participant that was not in the sum', () => {
  it('reveals all the same: it only helps the others to finish', () => {
    const session = lateDropout();
    expect(survivors(session.aggregator)).to.deep.equal(['1', '2', '3', '4']);
    const last = session.participantRecords.get('5')!.at(-1)!;
    expect(last).to.include({ type: 'revealed', included: false });
  });
});

describe('A participant that reveals', () => {
  it('never reveals both kinds of share for one dealer', () => {
    for (const { frame } of lateDropout().replies) {
      if (frame.type !== 'reveal') continue;
      const { shares } = codec.reveal.decode(frame.reveal.body);
      expect(shares.map(({ dealer, kind }) => `${dealer} ${kind}`)).to.deep.equal([
        '0 self',
        '1 self',
        '2 self',
        '3 self',
        '4 mask',
      ]);
    }
  });

  it('reveals nothing of dealers outside U2', () => {
    const session = forged('boxes', (frame) => frame, { silentFrom: new Map([['5', 'confirm']]) });
    const revealed = session.replies.flatMap(({ frame }) =>
      frame.type === 'reveal' ? codec.reveal.decode(frame.reveal.body).shares.map(({ dealer }) => dealer) : [],
    );
    expect(new Set(revealed)).to.deep.equal(new Set([0, 1, 2, 3]));
  });
});

describe('A participant that signed another statement before it restarted', () => {
  it('signs no second one, and reveals on no certificate of the others', () => {
    const signed = {
      type: 'survivors-signed',
      sid2: new Uint8Array(32),
      body: new Uint8Array(9),
      survivors: 5,
    } as const;
    const session = new InMemorySession({
      participants: 5,
      maxColluders: 1,
      onOpen: (options) => (options.participantId === '1' ? { ...options, records: [signed] } : options),
    }).run();
    expect(session.refusals.map(({ participant, error }) => [participant, ruleOf(error)])).to.deep.equal([
      ['1', 'survivors.second'],
      ['1', 'survivors.second'],
    ]);
    expect(session.replies.some(({ from, frame }) => from === '1' && frame.type === 'reveal')).to.equal(false);
  });
});
