import { fromHex, toHex, utf8Encode } from '@concordat/core';
import { expect } from 'chai';
import { ports, range } from '../../support/crypto-ports.js';
import { ruleThrownBy } from '../../support/rules.js';

const text = utf8Encode;

for (const { name, crypto } of ports) {
  describe(`SHA-256 of ${name}`, () => {
    it('gives the examples of FIPS 180-4, in one part or several', () => {
      expect(toHex(crypto.sha256())).to.equal('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
      const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
      expect(toHex(crypto.sha256(text('abc')))).to.equal(abc);
      expect(toHex(crypto.sha256(text('a'), text(''), text('bc')))).to.equal(abc);
      expect(toHex(crypto.sha256(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).to.equal(
        '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
      );
    });

    it('gives the four-block and the long example, a million times "a"', () => {
      const long =
        'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu';
      expect(toHex(crypto.sha256(text(long)))).to.equal(
        'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
      );
      const thousand = new Uint8Array(1000).fill(0x61);
      expect(toHex(crypto.sha256(...Array(1000).fill(thousand)))).to.equal(
        'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
      );
    });
  });

  describe(`HKDF of ${name}`, () => {
    // A.4 to A.7 are of SHA-1, which the port has not.
    it('gives the first 32 bytes of RFC 5869 A.1 to A.3', () => {
      const key = new Uint8Array(22).fill(0x0b);
      expect(toHex(crypto.hkdf(key, range(0, 12), range(0xf0, 0xf9)))).to.equal(
        '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf',
      );
      expect(toHex(crypto.hkdf(range(0, 0x4f), range(0x60, 0xaf), range(0xb0, 0xff)))).to.equal(
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c',
      );
      expect(toHex(crypto.hkdf(key, fromHex(''), fromHex('')))).to.equal(
        '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
      );
    });

    it('takes an info of 1,024 bytes and no longer one', () => {
      const key = range(0, 31);
      expect(crypto.hkdf(key, key, new Uint8Array(1024))).to.have.length(32);
      expect(ruleThrownBy(() => crypto.hkdf(key, key, new Uint8Array(1025)))).to.equal('invalid-argument');
    });
  });
}
