import { acceptRoster, FederatedError, rotateKey } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { acme, after, beta, first, gamma, keyOf, member, verified } from './consortium.js';

const approved = verified(first);
const none = { added: [], removed: [], rotated: [], altered: [] };
const rotated = (id: string, previous = acme, next = gamma) => ({
  ...member(id, next),
  rotation: rotateKey(nodeCrypto, previous, { consortium: 'health', participantId: id, publicKey: next.publicKey }),
});

describe('a later roster', () => {
  it('is nothing new when it is the same', () => {
    expect(acceptRoster(nodeCrypto, approved, verified(first))).to.deep.equal({ type: 'unchanged' });
  });

  it('may remove members without a new approval', () => {
    const next = after(approved, { members: [member('acme', acme)] });
    expect(acceptRoster(nodeCrypto, approved, next)).to.deep.equal({
      type: 'accepted',
      changes: { ...none, removed: ['beta'] },
    });
  });

  it('needs approval when it adds a member, unless the policy accepts additions', () => {
    const next = after(approved, { members: [...first.members, member('gamma', gamma)] });
    const changes = { ...none, added: ['gamma'] };
    expect(acceptRoster(nodeCrypto, approved, next)).to.deep.equal({ type: 'needs-approval', changes });
    expect(acceptRoster(nodeCrypto, approved, next, { additions: 'auto' })).to.deep.equal({
      type: 'accepted',
      changes,
    });
  });

  it('may rotate a key that the old key gave up', () => {
    const next = after(approved, { members: [rotated('acme'), member('beta', beta)] });
    expect(acceptRoster(nodeCrypto, approved, next)).to.deep.equal({
      type: 'accepted',
      changes: { ...none, rotated: ['acme'] },
    });
  });

  it('needs approval for a key changed without, or with another key’s or member’s, signature', () => {
    const tricks = [
      { ...member('acme', gamma) },
      rotated('acme', keyOf(50)),
      { ...rotated('acme'), publicKey: keyOf(51).publicKey },
      { ...member('acme', gamma), rotation: rotated('beta').rotation },
      { ...rotated('acme'), organization: 'other' },
    ];
    for (const trick of tricks) {
      const next = after(approved, { members: [trick, member('beta', beta)] });
      expect(acceptRoster(nodeCrypto, approved, next, { additions: 'auto' })).to.deep.equal({
        type: 'needs-approval',
        changes: { ...none, altered: ['member acme'] },
      });
    }
  });

  it('needs approval for any other difference, whatever the policy says of additions', () => {
    const next = after(approved, { coordinatorKey: keyOf(60).publicKey, operators: [] });
    expect(acceptRoster(nodeCrypto, approved, next, { additions: 'auto' })).to.deep.equal({
      type: 'needs-approval',
      changes: { ...none, altered: ['operators', 'coordinator key'] },
    });
  });

  it('needs approval when epochs between are not at hand', () => {
    const third = after(after(approved));
    expect(acceptRoster(nodeCrypto, approved, third)).to.deep.equal({
      type: 'needs-approval',
      changes: { ...none, altered: ['epochs 2 to 2 are not at hand'] },
    });
  });

  it('is refused as a fork or as a return to an earlier epoch', () => {
    const fork = verified({ ...first, members: [member('acme', acme)] });
    const second = after(approved);
    const cases = [
      [approved, fork, 'two rosters for one epoch'],
      [approved, after(fork), 'does not follow'],
      [second, approved, 'older'],
    ] as const;
    for (const [before, next, message] of cases) {
      expect(() => acceptRoster(nodeCrypto, before, next, { additions: 'auto' }))
        .to.throw(FederatedError, message)
        .with.property('code', 'verification');
    }
  });
});
