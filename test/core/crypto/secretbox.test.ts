import { fromHex, toHex } from '@concordat/core';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { ports } from '../../support/crypto-ports.js';
import { ruleThrownBy } from '../../support/rules.js';

const hex = fromHex;
// The vector of NaCl's tests/secretbox.c and tests/secretbox2.c.
const key = hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389');
const nonce = hex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37');
const message = hex(
  'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
);
const box =
  'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5';

for (const { name, crypto } of ports) {
  describe(`the secret box of ${name}`, () => {
    it('gives the vector of NaCl', () => {
      expect(toHex(crypto.secretboxSeal(message, nonce, key))).to.equal(box);
      expect(crypto.secretboxOpen(hex(box), nonce, key)).to.deep.equal(message);
    });

    it('does not open when any bit is changed, or when cut short', () => {
      for (let bit = 0; bit < 8 * (box.length / 2); bit += 5) {
        const damaged = hex(box);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        expect(crypto.secretboxOpen(damaged, nonce, key), `bit ${bit}`).to.equal(undefined);
      }
      for (const length of [0, 1, 15, 16, 17, 146]) {
        expect(crypto.secretboxOpen(hex(box).subarray(0, length), nonce, key), `${length}`).to.equal(undefined);
      }
    });

    it('takes a key of 32 and a nonce of 24 bytes', () => {
      for (const [nonceLength, keyLength] of [
        [23, 32],
        [25, 32],
        [24, 31],
        [24, 33],
        [0, 0],
      ] as const) {
        const [n, k] = [new Uint8Array(nonceLength), new Uint8Array(keyLength)];
        expect(ruleThrownBy(() => crypto.secretboxSeal(message, n, k))).to.equal('invalid-argument');
        expect(ruleThrownBy(() => crypto.secretboxOpen(hex(box), n, k))).to.equal('invalid-argument');
      }
    });

    it('is the box of an implementation that shares no code with it, and opens what that one sealed', () => {
      expect(toHex(xsalsa20poly1305(key, nonce).encrypt(message))).to.equal(box);
      const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
      fc.assert(
        fc.property(bytes(32), bytes(24), fc.uint8Array({ maxLength: 300 }), (k, n, plaintext) => {
          const other = xsalsa20poly1305(k, n).encrypt(plaintext);
          expect(crypto.secretboxSeal(plaintext, n, k)).to.deep.equal(other);
          expect(crypto.secretboxOpen(other, n, k)).to.deep.equal(plaintext);
        }),
        { seed: 3, numRuns: 100 },
      );
    });
  });
}
