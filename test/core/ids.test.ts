import { FederatedError, isId, requireId } from '@concordat/core';
import { expect } from 'chai';

describe('an id', () => {
  it('is 1 to 63 of a–z, 0–9 and hyphen, not starting with a hyphen', () => {
    for (const text of ['a', '0', 'acme-2', 'a'.repeat(63)]) expect(isId(text), text).to.equal(true);
    for (const text of ['', '-a', 'A', 'a_b', 'a/b', '..', 'a\n', 'ä', 'a'.repeat(64)])
      expect(isId(text), text).to.equal(false);
  });

  it('is refused with what was required, and quoted so that a terminal obeys nothing in it', () => {
    expect(() => requireId('../\u001b[2J', 'participant id'))
      .to.throw(FederatedError, 'participant id "../\\u001b[2J" is not an id')
      .that.includes({ code: 'invalid-argument' })
      .with.property('fix')
      .that.includes('hyphen');
  });
});
