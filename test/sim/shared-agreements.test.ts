import { nodeCrypto } from '@concordat/node';
import { SharedAgreements } from '@concordat/sim';
import { expect } from 'chai';

const secretOf = (i: number) => new Uint8Array(32).fill(i);
const publicOf = (i: number) => nodeCrypto.x25519PublicKey(secretOf(i));
const salt = new Uint8Array(32).fill(9);
const info = Uint8Array.of(1, 2);

describe('the agreements of a simulation', () => {
  it('are computed by one of a pair and given to the other', () => {
    const { crypto, agreements } = spied();
    const [ofOne] = crypto.x25519(secretOf(1), [publicOf(2)]);
    const [ofOther] = crypto.x25519(secretOf(2), [publicOf(1)]);
    expect(ofOther).to.deep.equal(ofOne);
    expect(agreements()).to.deep.equal({ asked: 2, computed: 1 });
  });

  it('are those of the port, in their order, whichever were known', () => {
    const { crypto, agreements } = spied();
    crypto.x25519(secretOf(3), [publicOf(1)]);
    crypto.x25519(secretOf(5), [publicOf(1)]);
    const others = [2, 3, 4, 5].map(publicOf);
    expect(crypto.x25519(secretOf(1), others)).to.deep.equal(nodeCrypto.x25519(secretOf(1), others));
    expect(agreements()).to.deep.equal({ asked: 6, computed: 4 });
  });

  it('are given once, so that nothing is kept behind the second', () => {
    const { crypto, agreements } = spied();
    for (const [mine, theirs] of [
      [1, 2],
      [2, 1],
      [1, 2],
    ] as const)
      crypto.x25519(secretOf(mine), [publicOf(theirs)]);
    expect(agreements()).to.deep.equal({ asked: 3, computed: 2 });
  });

  it('of a key that is none are refused, with others that are known', () => {
    const { crypto } = spied();
    crypto.x25519(secretOf(2), [publicOf(1)]);
    expect(() => crypto.x25519(secretOf(1), [publicOf(2), new Uint8Array(32)])).to.throw();
  });

  it('are computed by everybody when only verifications are shared', () => {
    const shared = new SharedAgreements(nodeCrypto, 'verifications');
    for (const [mine, theirs] of [
      [1, 2],
      [2, 1],
    ] as const)
      shared.crypto.x25519(secretOf(mine), [publicOf(theirs)]);
    for (const _ of [1, 2]) shared.crypto.hkdf(secretOf(1), salt, info);
    expect(shared.agreements).to.deep.equal({ asked: 2, computed: 2 });
    expect(shared.derivations).to.deep.equal({ asked: 2, computed: 2 });
  });

  it('and the keys derived of them are told apart by every part', () => {
    const shared = new SharedAgreements(nodeCrypto);
    const asked = [
      [secretOf(1), salt, info],
      [secretOf(2), salt, info],
      [secretOf(1), secretOf(9).fill(8, 31), info],
      [secretOf(1), salt, Uint8Array.of(1, 3)],
      [secretOf(1), salt.subarray(1), info],
    ] as const;
    for (const again of [1, 2]) {
      const answers = asked.map((parts) => shared.crypto.hkdf(...parts));
      expect(answers, `time ${again}`).to.deep.equal(asked.map((parts) => nodeCrypto.hkdf(...parts)));
    }
    // The last has no salt of 32 bytes: it is neither counted nor kept.
    expect(shared.derivations).to.deep.equal({ asked: 8, computed: 4 });
  });

  it('and derived keys are all that is shared of them', () => {
    const { x25519: _, x25519PublicKey: __, hkdf: ___, ...others } = new SharedAgreements(nodeCrypto).crypto;
    const { x25519: a, x25519PublicKey: b, hkdf: c, ...real } = nodeCrypto;
    expect(others).to.deep.equal(real);
    expect([a, b, c].every((method) => typeof method === 'function')).to.equal(true);
  });
});

function spied() {
  const shared = new SharedAgreements(nodeCrypto);
  return { crypto: shared.crypto, agreements: () => shared.agreements };
}
