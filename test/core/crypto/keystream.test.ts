import { createCipheriv } from 'node:crypto';
import { fromHex, toHex } from '@concordat/core';
import { ctr } from '@noble/ciphers/aes.js';
import { expect } from 'chai';
import { ports } from '../../support/crypto-ports.js';
import { ruleThrownBy } from '../../support/rules.js';

const hex = fromHex;

/** AES-256 of the zero block under sixteen keys: NIST's AES algorithm validation suite, ECBKeySbox256. */
const keySbox: readonly (readonly [key: string, block: string])[] = [
  ['c47b0294dbbbee0fec4757f22ffeee3587ca4730c3d33b691df38bab076bc558', '46f2fb342d6f0ab477476fc501242c5f'],
  ['28d46cffa158533194214a91e712fc2b45b518076675affd910edeca5f41ac64', '4bf3b0a69aeb6657794f2901b1440ad4'],
  ['c1cc358b449909a19436cfbb3f852ef8bcb5ed12ac7058325f56e6099aab1a1c', '352065272169abf9856843927d0674fd'],
  ['984ca75f4ee8d706f46c2d98c0bf4a45f5b00d791c2dfeb191b5ed8e420fd627', '4307456a9e67813b452e15fa8fffe398'],
  ['b43d08a447ac8609baadae4ff12918b9f68fc1653f1269222f123981ded7a92f', '4663446607354989477a5c6f0f007ef4'],
  ['1d85a181b54cde51f0e098095b2962fdc93b51fe9b88602b3f54130bf76a5bd9', '531c2c38344578b84d50b3c917bbb6e1'],
  ['dc0eba1f2232a7879ded34ed8428eeb8769b056bbaf8ad77cb65c3541430b4cf', 'fc6aec906323480005c58e7e1ab004ad'],
  ['f8be9ba615c5a952cabbca24f68f8593039624d524c816acda2c9183bd917cb9', 'a3944b95ca0b52043584ef02151926a8'],
  ['797f8b3d176dac5b7e34a2d539c4ef367a16f8635f6264737591c5c07bf57a3e', 'a74289fe73a4c123ca189ea1e1b49ad5'],
  ['6838d40caf927749c13f0329d331f448e202c73ef52c5f73a37ca635d4c47707', 'b91d4ea4488644b56cf0812fa7fcf5fc'],
  ['ccd1bc3c659cd3c59bc437484e3c5c724441da8d6e90ce556cd57d0752663bbc', '304f81ab61a80c2e743b94d5002a126b'],
  ['13428b5e4c005e0636dd338405d173ab135dec2a25c22c5df0722d69dcc43887', '649a71545378c783e368c9ade7114f6c'],
  ['07eb03a08d291d1b07408bf3512ab40c91097ac77461aad4bb859647f74f00ee', '47cb030da2ab051dfc6c4bf6910d12bb'],
  ['90143ae20cd78c5d8ebdd6cb9dc1762427a96c78c639bccc41a61424564eafe1', '798c7c005dee432b2c8ea5dfa381ecc3'],
  ['b7a5794d52737475d53d5a377200849be0260a67a2b22ced8bbef12882270d07', '637c31dc2591a07636f646b72daabbe7'],
  ['fca02f3d5011cfc5c1e23165d413a049d4526a991827424d896fe3435e0bf68e', '179a49c712154bbffbe6e7a84a18e220'],
];

// The port counts from block 0 and reaches 2^49, so the counter of SP 800-38A F.5 (f0f1…) is out of its reach. What can be
// shown is shown: the cipher that each implementation calls gives F.5.5 and F.5.6 at that counter, and the port is that
// same cipher, called alike, at every counter it can reach.
type Cipher = (key: Uint8Array, counter: Uint8Array, data: Uint8Array) => Uint8Array;
const openSsl: Cipher = (key, counter, data) =>
  Uint8Array.from(createCipheriv('aes-256-ctr', key, counter).update(data));
const ciphers: Readonly<Record<string, Cipher>> = {
  'node:crypto': openSsl,
  'node:crypto with the curves of libsodium': openSsl,
  'the portable twin': (key, counter, data) => ctr(key, counter).encrypt(data),
};
const f5 = {
  key: hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'),
  counter: hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'),
  plaintext:
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  ciphertext:
    '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
};
const counterBlock = (block: number): Uint8Array => hex(block.toString(16).padStart(32, '0'));

for (const { name, crypto } of ports) {
  describe(`the keystream of ${name}`, () => {
    const key = new Uint8Array(32);

    it('is AES-256 of the counter block, from 0', () => {
      // AES-256 of 0, 1 and 2 under the zero key: SP 800-38A §6.5 with the known answers of the GCM specification, cases 13 and 14.
      expect(toHex(crypto.keystream(key, 0, 48))).to.equal(
        'dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738bcea7403d4d606b6e074ec5d3baf39d18',
      );
      for (const [sboxKey, block] of keySbox) expect(toHex(crypto.keystream(hex(sboxKey), 0, 16))).to.equal(block);
    });

    it('is the cipher of SP 800-38A F.5, at the counters it can reach', () => {
      const cipher = ciphers[name]!;
      expect(toHex(cipher(f5.key, f5.counter, hex(f5.plaintext)))).to.equal(f5.ciphertext);
      expect(toHex(cipher(f5.key, f5.counter, hex(f5.ciphertext)))).to.equal(f5.plaintext);
      for (const block of [0, 1, 255, 256, 65_535, 2 ** 32 - 1, 2 ** 32, 2 ** 49 - 5]) {
        const expected = cipher(f5.key, counterBlock(block), new Uint8Array(64));
        expect(crypto.keystream(f5.key, 16 * block, 64), `block ${block}`).to.deep.equal(expected);
      }
    });

    it('is the same bytes wherever it is entered and however much is asked for', () => {
      const whole = crypto.keystream(key, 0, 200_000);
      for (const [from, length] of [
        [16, 16],
        [49_152, 49_152],
        [65_536, 100_001],
        [131_072, 7],
      ] as const) {
        expect(crypto.keystream(key, from, length), `${from}`).to.deep.equal(whole.slice(from, from + length));
      }
      expect(crypto.keystream(key, 0, 0)).to.have.length(0);
    });

    it('is the same read piece by piece', () => {
      const whole = crypto.keystream(key, 96, 300_000);
      const stream = crypto.openKeystream(key, 96);
      let at = 0;
      for (const length of [16, 0, 49_152, 48, 100_000, 65_536]) {
        expect(stream.next(length), `${length}`).to.deep.equal(whole.slice(at, at + length));
        at += length;
      }
      const opened = (from: number, ofKey = key) => ruleThrownBy(() => crypto.openKeystream(ofKey, from));
      expect([opened(1), opened(-16), opened(0, key.subarray(1))]).to.deep.equal(Array(3).fill('invalid-argument'));
    });

    it('carries its counter beyond 2^32 blocks', () => {
      const from = 2 ** 36 - 16;
      expect(crypto.keystream(key, from, 32).slice(16)).to.deep.equal(crypto.keystream(key, 2 ** 36, 16));
    });

    it('starts at whole blocks only, has a length, and takes a whole key', () => {
      const refused = (from: number, length: number, ofKey = key) =>
        expect(
          ruleThrownBy(() => crypto.keystream(ofKey, from, length)),
          `${from}+${length}`,
        ).to.equal('invalid-argument');
      for (const from of [1, -16, 0.5, 2 ** 60, Number.NaN]) refused(from, 1);
      for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) refused(0, length);
      refused(2 ** 53 - 16, 16);
      for (const keyLength of [0, 16, 31, 33]) refused(0, 1, new Uint8Array(keyLength));
    });
  });
}
