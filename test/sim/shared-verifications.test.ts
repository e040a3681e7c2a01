import { nodeCrypto } from '@concordat/node';
import { SharedVerifications } from '@concordat/sim';
import { expect } from 'chai';

const seed = new Uint8Array(32).fill(1);
const key = nodeCrypto.ed25519PublicKey(seed);
const message = Uint8Array.of(1, 2, 3);
const signature = nodeCrypto.ed25519Sign(message, seed);

describe('the verifications of a simulation', () => {
  it('are computed once for the same message, signature and key', () => {
    const shared = new SharedVerifications(nodeCrypto);
    for (let i = 0; i < 5; i++) expect(shared.crypto.ed25519Verify(message.slice(), signature, key)).to.equal(true);
    expect(shared.counts).to.deep.equal({ asked: 5, computed: 1 });
  });

  it('are those of the port, right and wrong, whatever was asked before', () => {
    const shared = new SharedVerifications(nodeCrypto);
    const other = nodeCrypto.ed25519PublicKey(new Uint8Array(32).fill(2));
    const damaged = signature.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
    const asked = [
      [message, signature, key],
      [Uint8Array.of(1, 2, 4), signature, key],
      [message, damaged, key],
      [message, signature, other],
      [message, signature.subarray(0, 63), key],
    ] as const;
    for (const again of [1, 2]) {
      const answers = asked.map(([what, by, whose]) => shared.crypto.ed25519Verify(what, by, whose));
      expect(answers, `time ${again}`).to.deep.equal([true, false, false, false, false]);
    }
    expect(shared.counts).to.deep.equal({ asked: 10, computed: 5 });
  });

  it('are told apart where bytes only move from one part to the next', () => {
    const shared = new SharedVerifications(nodeCrypto);
    shared.crypto.ed25519Verify(Uint8Array.of(1, 2), Uint8Array.of(3), key);
    shared.crypto.ed25519Verify(Uint8Array.of(1), Uint8Array.of(2, 3), key);
    expect(shared.counts).to.deep.equal({ asked: 2, computed: 2 });
  });

  it('are forgotten when they become many', () => {
    const shared = new SharedVerifications(nodeCrypto);
    // Of a wrong length, so that no curve is asked.
    const ask = (i: number) => shared.crypto.ed25519Verify(Uint8Array.of(i >> 16, i >> 8, i), new Uint8Array(0), key);
    for (let i = 0; i <= 65_536; i++) ask(i);
    ask(65_536);
    expect(shared.counts.computed).to.equal(65_537);
    ask(0);
    expect(shared.counts).to.deep.equal({ asked: 65_539, computed: 65_538 });
  });

  it('are all that is shared by it', () => {
    const { ed25519Verify: _, ...others } = new SharedVerifications(nodeCrypto).crypto;
    const { ed25519Verify: __, ...real } = nodeCrypto;
    expect(others).to.deep.equal(real);
  });
});
