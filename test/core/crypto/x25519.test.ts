import { type CryptoPort, fromHex, requireSharedSecret, toHex } from '@concordat/core';
import { expect } from 'chai';
import nacl from 'tweetnacl';
import { ports } from '../../support/crypto-ports.js';
import { ruleThrownBy } from '../../support/rules.js';

const hex = fromHex;
const nine = Uint8Array.of(9, ...new Uint8Array(31));

function agreed(crypto: CryptoPort, secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return crypto.x25519(secret, [publicKey])[0]!;
}

/** RFC 7748 §5.2: u becomes k, the result becomes u. */
function iterated(crypto: CryptoPort, times: number): string {
  let [k, u]: Uint8Array[] = [nine, nine];
  for (let i = 0; i < times; i++) [k, u] = [agreed(crypto, k!, u!), k!];
  return toHex(k!);
}

/** Low order on the curve and its twist, then the encodings at or above p, then other lengths. */
const refusedKeys = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  `f2${'ff'.repeat(30)}7f`,
  `${'ff'.repeat(31)}7f`,
  `${'00'.repeat(31)}80`,
  `09${'00'.repeat(30)}80`,
  'ff'.repeat(32),
  '09'.repeat(31),
  '09'.repeat(33),
  '',
];

for (const { name, crypto } of ports) {
  describe(`X25519 of ${name}`, () => {
    it('gives the first vector of RFC 7748 §5.2', () => {
      const scalar = hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
      const u = hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
      expect(toHex(agreed(crypto, scalar, u))).to.equal(
        'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
      );
    });

    it('gives the second vector only with the top bit clear, as the suite demands', () => {
      const scalar = hex('4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d');
      const u = hex('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493');
      expect(ruleThrownBy(() => agreed(crypto, scalar, u))).to.equal('verification');
      u[31]! &= 0x7f;
      expect(toHex(agreed(crypto, scalar, u))).to.equal(
        '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
      );
    });

    it('gives the iterated vectors of RFC 7748 §5.2 after 1 and 1,000 rounds', () => {
      expect(iterated(crypto, 1)).to.equal('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
      expect(iterated(crypto, 1000)).to.equal('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
    });

    it('agrees as in RFC 7748 §6.1', () => {
      const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
      const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
      expect(toHex(crypto.x25519PublicKey(alice))).to.equal(
        '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      );
      expect(toHex(crypto.x25519PublicKey(bob))).to.equal(
        'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
      );
      const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
      expect(toHex(agreed(crypto, alice, crypto.x25519PublicKey(bob)))).to.equal(shared);
      expect(toHex(agreed(crypto, bob, crypto.x25519PublicKey(alice)))).to.equal(shared);
    });

    it('agrees with many in their order, and with nobody', () => {
      const secrets = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
      const keys = secrets.map((secret) => crypto.x25519PublicKey(secret));
      const ours = new Uint8Array(32).fill(9);
      const theirs = secrets.map((secret) => agreed(crypto, secret, crypto.x25519PublicKey(ours)));
      expect(crypto.x25519(ours, keys)).to.deep.equal(theirs);
      expect(crypto.x25519(ours, [])).to.deep.equal([]);
    });

    it('refuses keys of low order, with the top bit set, at or above 2^255 − 19, or of another length', () => {
      for (const key of refusedKeys) {
        expect(
          ruleThrownBy(() => agreed(crypto, new Uint8Array(32).fill(1), hex(key))),
          key,
        ).to.equal('verification');
      }
    });

    it('refuses a secret of another length', () => {
      for (const length of [0, 31, 33]) {
        expect(ruleThrownBy(() => agreed(crypto, new Uint8Array(length), nine))).to.equal('invalid-argument');
        expect(ruleThrownBy(() => crypto.x25519PublicKey(new Uint8Array(length)))).to.equal('invalid-argument');
      }
    });
  });
}

describe('A Diffie–Hellman result', () => {
  it('of all zeros is what the library gives for low order, and is refused on its own account', () => {
    const lowOrder = hex(refusedKeys[2]!);
    const zeros = nacl.scalarMult(new Uint8Array(32).fill(1), lowOrder);
    expect(toHex(zeros), 'the trap this check is for').to.equal('00'.repeat(32));
    expect(ruleThrownBy(() => requireSharedSecret(zeros))).to.equal('verification');
  });

  it('passes with a single bit set anywhere', () => {
    for (let bit = 0; bit < 256; bit++) {
      const shared = new Uint8Array(32);
      shared[bit >> 3] = 1 << (bit & 7);
      expect(ruleThrownBy(() => requireSharedSecret(shared))).to.equal(undefined);
    }
  });
});
