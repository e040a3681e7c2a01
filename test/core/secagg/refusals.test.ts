import { expect } from 'chai';
import { expectRefusal } from '../../support/refusal-case.js';
import { InMemorySession } from '../../support/session.js';
import { sessionRefusals } from './refusals/all.js';

for (const [refused, cases] of sessionRefusals) {
  describe(`A participant refuses ${refused}`, () => {
    for (const one of cases) it(one.what, () => expectRefusal(one));
  });
}

describe('A participant with a list', () => {
  it('goes on when it holds', () => {
    const listed = new Set(['2', '3', '4']);
    const session = new InMemorySession({
      participants: 5,
      maxColluders: 1,
      onOpen: (options) => (options.participantId === '1' ? { ...options, listed } : options),
    }).run();
    expect(session.refusals).to.deep.equal([]);
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
  });
});
