import { expect } from 'chai';
import { forged, victim } from '../../../support/forged-frames.js';

describe('A participant that knows some of its cohort', () => {
  it('signs when two others on its list survive', () => {
    const session = forged('proposal', (frame) => frame, {
      maxColluders: 2,
      onOpen: (options) => (options.participantId === victim ? { ...options, listed: new Set(['2', '3']) } : options),
    });
    expect(session.refusals).to.deep.equal([]);
    expect(session.participantRecords.get(victim)!.map(({ type }) => type)).to.include('survivors-signed');
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
  });
});
