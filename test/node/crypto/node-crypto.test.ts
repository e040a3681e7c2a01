import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';

/** More than the identities whose keys stay read. */
const identities = 1_030;

describe('node:crypto', () => {
  it('verifies under more identities than it remembers, each time under the one that is asked', () => {
    const message = Uint8Array.of(1, 2, 3);
    const known = Array.from({ length: identities }, (_, i) => {
      const seed = new Uint8Array(32);
      new DataView(seed.buffer).setUint32(0, i + 1);
      return { key: nodeCrypto.ed25519PublicKey(seed), signature: nodeCrypto.ed25519Sign(message, seed) };
    });
    for (const [i, { key, signature }] of known.entries()) {
      const other = known[(i + 1) % identities]!;
      expect(nodeCrypto.ed25519Verify(message, signature, key)).to.equal(true);
      expect(nodeCrypto.ed25519Verify(message, signature, other.key)).to.equal(false);
    }
    const [first] = known;
    expect(nodeCrypto.ed25519Verify(message, first!.signature, first!.key)).to.equal(true);
  });
});
