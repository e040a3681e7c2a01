import { randomFillSync } from 'node:crypto';
import { type CryptoPort, portableCrypto, toHex } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import fc from 'fast-check';
import nacl from 'tweetnacl';
import { outcomeOf, ports } from '../../support/crypto-ports.js';

const order = 2n ** 252n + 27742317777372353535851937790883648493n;

function agree(work: (crypto: CryptoPort) => unknown): unknown {
  const [first, ...others] = ports.map(({ crypto }) => outcomeOf(() => work(crypto)));
  for (const other of others) expect(other).to.deep.equal(first);
  expect(first, 'an error of a library came through').to.not.have.property('foreign');
  return first;
}

// A view into a larger buffer, at an odd address: what a decoder hands over.
const displaced = (bytes: Uint8Array): Uint8Array => Uint8Array.of(99, ...bytes, 99).subarray(1, 1 + bytes.length);

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** Mostly what is wanted, sometimes another length; half of it displaced. */
const about = (length: number) =>
  fc
    .tuple(
      fc.oneof({ weight: 8, arbitrary: exactly(length) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 70 }) }),
      fc.boolean(),
    )
    .map(([bytes, moved]) => (moved ? displaced(bytes) : bytes));
const message = fc.uint8Array({ maxLength: 200 });

const littleEndian = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
const p = 2n ** 255n - 19n;
/** Around 0, around p and around 2^255, with and without the top bit; and the two points of order 8. */
const boundaryKey = fc
  .tuple(fc.constantFrom(0n, p, 2n ** 255n), fc.integer({ min: -20, max: 20 }), fc.boolean())
  .map(([near, by, top]) => littleEndian(((near + BigInt(by)) & (2n ** 255n - 1n)) | (top ? 2n ** 255n : 0n), 32));
const smallKey = fc
  .constantFrom(
    0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
    0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
    0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
    0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  )
  .chain((key) => fc.constantFrom(littleEndian(key, 32), littleEndian(key | (2n ** 255n), 32)));

/** What a peer may do to the bytes of an honest one. */
type Damage =
  | { readonly type: 'none' }
  | { readonly type: 'flip'; readonly bit: number }
  | { readonly type: 'add-order'; readonly times: number }
  | { readonly type: 'cut'; readonly length: number };
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.constant({ type: 'none' as const }),
  fc.record({ type: fc.constant('flip' as const), bit: fc.nat({ max: 511 }) }),
  fc.record({ type: fc.constant('add-order' as const), times: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ type: fc.constant('cut' as const), length: fc.nat({ max: 63 }) }),
);

function damaged(bytes: Uint8Array, by: Damage): Uint8Array {
  const out = bytes.slice();
  switch (by.type) {
    case 'none':
      return out;
    case 'flip':
      out[(by.bit >> 3) % out.length]! ^= 1 << (by.bit & 7);
      return out;
    case 'add-order':
      out.set(littleEndian(BigInt(`0x${toHex(out.slice(32).reverse())}`) + BigInt(by.times) * order, 32), 32);
      return out;
    case 'cut':
      return out.subarray(0, by.length % out.length);
  }
}

describe('The portable twin', () => {
  it('hashes and derives what node:crypto does, errors included', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), about(32), message, about(1024), (parts, secret, salt, info) => {
        agree((crypto) => crypto.sha256(...parts));
        agree((crypto) => crypto.hkdf(secret, salt, info.subarray(0, 40)));
        agree((crypto) => crypto.hkdf(secret, salt, info));
      }),
      { seed: 1, numRuns: 200 },
    );
    for (const length of [1024, 1025]) {
      agree((crypto) => crypto.hkdf(new Uint8Array(1), new Uint8Array(0), new Uint8Array(length)));
    }
  });

  it('has the same keystream at every place, errors included', () => {
    const block = fc.oneof(fc.nat({ max: 100_000 }), fc.integer({ min: 2 ** 31, max: 2 ** 33 }), fc.maxSafeInteger());
    fc.assert(
      fc.property(
        about(32),
        block,
        fc.constantFrom(0, 0, 0, 0.5, 1, -1),
        fc.nat({ max: 700 }),
        (key, at, by, length) => {
          agree((crypto) => crypto.keystream(key, 16 * at + by, length));
        },
      ),
      { seed: 2, numRuns: 300 },
    );
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    for (const length of [65_535, 65_536, 65_537, 140_000]) agree((crypto) => crypto.keystream(key, 49_152, length));
    for (const length of [-1, 0.5, Number.NaN, 2 ** 53]) agree((crypto) => crypto.keystream(key, 0, length));
  });

  it('has the same X25519, and refuses the same keys with the same words', () => {
    const peer = fc.oneof(about(32), boundaryKey, smallKey);
    fc.assert(
      fc.property(about(32), peer, (secret, publicKey) => {
        agree((crypto) => crypto.x25519PublicKey(secret));
        agree((crypto) => crypto.x25519(secret, [publicKey])[0]!);
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  it('has the same Ed25519 keys and signatures', () => {
    fc.assert(
      fc.property(about(32), message, (seed, text) => {
        agree((crypto) => crypto.ed25519PublicKey(seed));
        agree((crypto) => crypto.ed25519Sign(text, seed));
      }),
      { seed: 4, numRuns: 40 },
    );
  });

  it('gives the same verdict on signatures and keys that a peer damaged', () => {
    const verdicts = new Set<string>();
    fc.assert(
      fc.property(exactly(32), message, damage, damage, (seed, text, toSignature, toKey) => {
        const signature = damaged(nodeCrypto.ed25519Sign(text, seed), toSignature);
        const keyDamage = toKey.type === 'add-order' ? { type: 'none' as const } : toKey;
        const key = damaged(nodeCrypto.ed25519PublicKey(seed), keyDamage);
        const outcome = agree((crypto) => crypto.ed25519Verify(text, signature, key));
        const isHonest = toSignature.type === 'none' && keyDamage.type === 'none';
        expect(outcome).to.deep.equal({ value: isHonest });
        verdicts.add(`${toSignature.type} ${keyDamage.type} ${isHonest}`);
      }),
      { seed: 5, numRuns: 120 },
    );
    expect(verdicts).to.include('none none true').and.to.include('add-order none false');
  });

  it('gives the same verdict under hostile keys, whatever R and S are', () => {
    const point = fc.oneof(exactly(32), boundaryKey, smallKey);
    const S = fc.oneof(
      exactly(32),
      fc.constantFrom(0n, order - 1n, order, order + 1n).map((s) => littleEndian(s, 32)),
    );
    fc.assert(
      fc.property(point, point, S, message, (key, R, s, text) => {
        const outcome = agree((crypto) => crypto.ed25519Verify(text, Uint8Array.of(...R, ...s), key));
        expect(outcome).to.deep.equal({ value: false });
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it('has the same secret box, errors included', () => {
    fc.assert(
      fc.property(message, about(24), about(32), fc.nat(), (text, nonce, key, bit) => {
        const sealed = agree((crypto) => crypto.secretboxSeal(text, nonce, key));
        const box = (sealed as { readonly value?: Uint8Array }).value ?? text;
        agree((crypto) => crypto.secretboxOpen(box, nonce, key));
        if (box.length > 0) agree((crypto) => crypto.secretboxOpen(damaged(box, { type: 'flip', bit }), nonce, key));
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  it('returns plain arrays that are the caller’s, and changes no argument', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
    const before = bytes.slice();
    const nonce = new Uint8Array(24);
    for (const { crypto } of ports) {
      const calls = [
        () => crypto.sha256(bytes),
        () => crypto.hkdf(bytes, bytes, bytes),
        () => crypto.keystream(bytes, 0, 100),
        () => crypto.x25519PublicKey(bytes),
        () => crypto.x25519(bytes, [crypto.x25519PublicKey(bytes)])[0]!,
        () => crypto.ed25519PublicKey(bytes),
        () => crypto.ed25519Sign(bytes, bytes),
        () => crypto.secretboxSeal(bytes, nonce, bytes),
        () => crypto.secretboxOpen(crypto.secretboxSeal(bytes, nonce, bytes), nonce, bytes)!,
      ];
      for (const call of calls) {
        const first = call();
        const copy = first.slice();
        expect(Object.getPrototypeOf(first)).to.equal(Uint8Array.prototype);
        first.fill(0);
        expect(call()).to.deep.equal(copy);
        expect(bytes).to.deep.equal(before);
      }
    }
  });
});

describe('The randomness of tweetnacl', () => {
  // The package keeps one source for the whole process; ours is the one it had.
  after(() => nacl.setPRNG((bytes) => randomFillSync(bytes)));

  it('is never asked for by any method of the port', () => {
    let asked = 0;
    nacl.setPRNG(() => {
      asked++;
      throw new Error('hidden randomness');
    });
    const bytes = new Uint8Array(32).fill(5);
    const nonce = new Uint8Array(24);
    const signature = portableCrypto.ed25519Sign(bytes, bytes);
    portableCrypto.ed25519Verify(bytes, signature, portableCrypto.ed25519PublicKey(bytes));
    portableCrypto.x25519(bytes, [portableCrypto.x25519PublicKey(bytes)]);
    portableCrypto.secretboxOpen(portableCrypto.secretboxSeal(bytes, nonce, bytes), nonce, bytes);
    expect(() => nacl.randomBytes(1), 'the source that the test watches').to.throw('hidden randomness');
    expect(asked).to.equal(1);
  });
});
