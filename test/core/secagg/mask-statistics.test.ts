import { type CryptoPort, layoutOf, type ParticipantOptions, type Segment, toHex } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import { ports } from '../../support/crypto-ports.js';
import { InMemorySession } from '../../support/session.js';
import { withKeystream } from '../../support/with-keystream.js';

// What a coordinator could try on masked vectors without any key: count bytes, subtract rounds, compare streams. Each
// statistic is computed on the real thing and on a bad mask that it must catch; all seeds are fixed, so a test that
// passes once passes always.
//
// χ² of the 256 byte values of uniform bytes has 255 degrees of freedom: mean 255, standard deviation √510 = 22.6. By
// Wilson and Hilferty, (χ²/255)^(1/3) is normal with mean 1 − 2/(9·255) and variance 2/(9·255); at z = ±5.33, which
// uniform bytes exceed once in 10^7, that gives 255·(0.99913 ± 5.33·0.02952)^3 = 152.1 and 394.4. Some thousand statistics
// are computed here, so a good mask would fail for one choice of seeds in 10^4. The lower limit matters: a counter, or an
// LCG's low byte, is more even than chance allows.
const chiSquareMin = 152;
const chiSquareMax = 395;
// Of N fair coins the heads deviate from N/2 by more than z·√N/2 with the same probability at the same z.
const deviationMax = 5.33;

/** χ² of the byte values, each expected equally often. */
function chiSquare(bytes: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]!++;
  const expected = bytes.length / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

const looksUniform = (bytes: Uint8Array): boolean => {
  const statistic = chiSquare(bytes);
  return statistic > chiSquareMin && statistic < chiSquareMax;
};

/** The bytes at place `place` of every lane of `laneBytes` bytes: the carries of a ring do not reach all places alike. */
const atPlace = (bytes: Uint8Array, laneBytes: number, place: number): Uint8Array =>
  bytes.filter((_, i) => i % laneBytes === place);

/** By how many standard deviations the equal bits of two streams miss one half. */
function bitAgreement(a: Uint8Array, b: Uint8Array): number {
  const bits = 8 * a.length;
  let equal = bits;
  for (let i = 0; i < a.length; i++) for (let x = a[i]! ^ b[i]!; x > 0; x &= x - 1) equal--;
  return (equal - bits / 2) / (Math.sqrt(bits) / 2);
}

/** Pearson's correlation of two streams as bytes, in standard deviations (1/√n for unrelated ones). */
function correlation(a: Uint8Array, b: Uint8Array): number {
  const mean = (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return (ab / Math.sqrt(aa * bb)) * Math.sqrt(a.length);
}

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!);

/** Whether nothing relates two streams: their xor is uniform, half of their bits agree, at no lag of whole blocks they correlate. */
function looksUnrelated(a: Uint8Array, b: Uint8Array): boolean {
  if (!looksUniform(xor(a, b))) return false;
  for (let lag = -64; lag <= 64; lag += 16) {
    const [x, y] = lag < 0 ? [a.subarray(-lag), b.subarray(0, lag)] : [a.subarray(0, a.length - lag), b.subarray(lag)];
    if (Math.abs(bitAgreement(x, y)) > deviationMax || Math.abs(correlation(x, y)) > deviationMax) return false;
  }
  return true;
}

// 16,384 lanes with their guards and pads: 64 and more of every byte value at every place of a lane.
const segmentOf = (bits: Segment['bits']): Segment => ({
  name: 'constant',
  length: 16_334,
  bits,
  quantBits: bits === 16 ? 8 : 16,
  bound: 1,
  kind: 'model',
});

interface Round {
  readonly bits: Segment['bits'];
  /** Decides the session's nonce, hashes, identities and roots. */
  readonly seed: number;
  readonly crypto?: CryptoPort;
  readonly onOpen?: (options: ParticipantOptions) => ParticipantOptions;
}

/** What participants upload in one session when every lane of every update holds the same number. */
function maskedConstants({ bits, seed, crypto = nodeCrypto, onOpen }: Round): readonly Uint8Array[] {
  // Only the masks are looked at; the signatures of a session are OpenSSL's here, because they are faster.
  const primitives = withKeystream(crypto.keystream);
  const session = new InMemorySession({
    participants: 3,
    seed,
    segments: [segmentOf(bits)],
    aggregatorCrypto: primitives,
    onPorts: (_, given) => ({ ...given, crypto: primitives }),
    ...(onOpen === undefined ? {} : { onOpen }),
  });
  for (const [lanes] of session.updates.values()) lanes!.fill(-3);
  session.run();
  const uploaders = session.replies.flatMap(({ from, frame }) => (frame.type === 'upload' ? [from] : []));
  expect(uploaders).to.deep.equal(session.ids);
  expect(session.opened!.map(([first]) => first)).to.deep.equal([-9]);
  return [...session.spool.values()];
}

const widths = [16, 24, 32] as const;
const places = (bytes: Uint8Array, bits: Segment['bits']): readonly Uint8Array[] => [
  bytes,
  ...Array.from({ length: bits / 8 }, (_, place) => atPlace(bytes, bits / 8, place)),
  // Generators of words have their weakness at a place of the word, not of the lane.
  ...Array.from({ length: 4 }, (_, place) => atPlace(bytes, 4, place)),
];

/** `a − b` lane by lane mod 2^b: what a coordinator computes from two rounds. */
function difference(a: Uint8Array, b: Uint8Array, laneBytes: number): Uint8Array {
  const out = new Uint8Array(a.length);
  for (let lane = 0; lane < a.length; lane += laneBytes) {
    for (let i = lane, borrow = 0; i < lane + laneBytes; i++) {
      const value = a[i]! - b[i]! - borrow;
      out[i] = value & 255;
      borrow = value < 0 ? 1 : 0;
    }
  }
  return out;
}

/**
 * The generator of Numerical Recipes with the first 32 bits of a key as its seed: what a mask must not be. Counting bytes
 * finds it by its low bits; a generator without such a weakness is found only by two seeds that agree in its 32 bits.
 */
const seededWith32Bits = withKeystream((key, fromByte, length) => {
  let state = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
  const stream = new Uint8Array(fromByte + length);
  for (let i = 0; i < stream.length; i += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    for (let k = 0; k < 4; k++) stream[i + k] = state >>> (8 * k);
  }
  return stream.subarray(fromByte);
});
/** The true cipher under a key that is the same in every session. */
const repeated = withKeystream((key, fromByte, length) =>
  nodeCrypto.keystream(
    key.map(() => 7),
    fromByte,
    length,
  ),
);
/** A mask that leaves the upper half of every byte alone. */
const narrow = withKeystream((...place) => nodeCrypto.keystream(...place).map((byte) => byte & 0x0f));
const absent = withKeystream((_key, _fromByte, length) => new Uint8Array(length));

describe('A masked vector of a constant input', () => {
  for (const bits of widths) {
    for (const { name, crypto } of ports) {
      it(`has uniform bytes at every place of its ${bits}-bit lanes, with ${name}`, () => {
        for (const vector of maskedConstants({ bits, seed: bits, crypto })) {
          expect(vector.length).to.equal(layoutOf([segmentOf(bits)]).lengthBytes);
          for (const part of places(vector, bits)) expect(chiSquare(part)).to.be.within(chiSquareMin, chiSquareMax);
        }
      });
    }

    it(`has not, at ${bits} bits, without a mask, with a narrow one, or with a generator of 32 bits`, () => {
      for (const crypto of [absent, narrow, seededWith32Bits]) {
        for (const vector of maskedConstants({ bits, seed: bits, crypto })) {
          expect(places(vector, bits).every(looksUniform)).to.equal(false);
        }
      }
    });
  }
});

describe('The difference of two rounds of one participant with the same input', () => {
  const differences = (bits: Segment['bits'], round: Partial<Round>): readonly Uint8Array[] => {
    const [one, other] = [1, 2].map((seed) => maskedConstants({ bits, seed, ...round }));
    return one!.map((vector, i) => difference(vector, other![i]!, bits / 8));
  };
  // A machine restored from a snapshot could even use a session root again.
  const sameRoots = (options: ParticipantOptions): ParticipantOptions => ({
    ...options,
    root: new Uint8Array(32).fill(Number(options.participantId)),
  });

  for (const bits of widths) {
    it(`is uniform at every place of its ${bits}-bit lanes`, () => {
      for (const vector of differences(bits, {})) {
        for (const part of places(vector, bits)) expect(chiSquare(part)).to.be.within(chiSquareMin, chiSquareMax);
      }
    });

    it(`is uniform at ${bits} bits even when both sessions came from the same root`, () => {
      for (const vector of differences(bits, { onOpen: sameRoots })) {
        for (const part of places(vector, bits)) expect(chiSquare(part)).to.be.within(chiSquareMin, chiSquareMax);
      }
    });

    it(`is not, at ${bits} bits, when the mask is repeated or of 32 bits`, () => {
      for (const crypto of [repeated, seededWith32Bits]) {
        for (const vector of differences(bits, { crypto })) {
          expect(places(vector, bits).every(looksUniform)).to.equal(false);
        }
      }
    });
  }
});

describe('Two seeds that agree in 32 bits', () => {
  const random = seededRandom(nodeCrypto, 32, 'agreeing seeds');
  const windows = Array.from({ length: 8 }, (_, window) => {
    const [a, b] = [random.bytes(32), random.bytes(32)];
    b.set(a.subarray(4 * window, 4 * window + 4), 4 * window);
    return { window, a, b };
  });
  const length = 49_152;

  for (const { name, crypto } of ports) {
    it(`give unrelated streams with ${name}, whichever 32 bits`, () => {
      for (const { window, a, b } of windows) {
        const [x, y] = [crypto.keystream(a, 0, length), crypto.keystream(b, 0, length)];
        expect(looksUnrelated(x, y), `bytes ${4 * window} to ${4 * window + 3}`).to.equal(true);
      }
    });

    it(`give unrelated streams with ${name} when they agree in all other bits`, () => {
      for (let bit = 0; bit < 256; bit += 17) {
        const key = random.bytes(32);
        const other = key.slice();
        other[bit >> 3]! ^= 1 << (bit & 7);
        const [x, y] = [crypto.keystream(key, 0, length), crypto.keystream(other, 0, length)];
        expect(looksUnrelated(x, y), `bit ${bit}`).to.equal(true);
      }
    });
  }

  it('give the same stream, and are seen to, when only these 32 bits are used', () => {
    const { a, b } = windows[0]!;
    const [x, y] = [a, b].map((key) => seededWith32Bits.keystream(key, 0, length));
    expect(toHex(x!.subarray(0, 16))).to.equal(toHex(y!.subarray(0, 16)));
    expect(looksUnrelated(x!, y!)).to.equal(false);
  });

  it('are seen when one stream is the other a block later, inverted, or alike in one bit of sixteen', () => {
    const { a, b } = windows[0]!;
    const [x, y] = [nodeCrypto.keystream(a, 0, length), nodeCrypto.keystream(b, 0, length)];
    expect(looksUnrelated(x, nodeCrypto.keystream(a, 16, length)), 'later').to.equal(false);
    expect(
      looksUnrelated(
        x,
        x.map((byte) => byte ^ 0xff),
      ),
      'inverted',
    ).to.equal(false);
    const alike = y.map((byte, i) => (i % 2 === 0 ? (byte & 0xfe) | (x[i]! & 1) : byte));
    expect(looksUnrelated(x, alike), 'one bit of sixteen').to.equal(false);
  });

  it('give unrelated masked vectors when they are roots of one participant in one session', () => {
    const vectors = (root: Uint8Array) =>
      maskedConstants({
        bits: 24,
        seed: 5,
        onOpen: (options) => (options.participantId === '1' ? { ...options, root } : options),
      });
    for (const { window, a, b } of windows.slice(0, 2)) {
      const [one, other] = [vectors(a), vectors(b)];
      // The pairwise masks change with either end of a pair, so the vectors of the others change as well.
      for (const [i, vector] of one.entries()) {
        expect(looksUnrelated(vector, other[i]!), `window ${window}, vector ${i}`).to.equal(true);
      }
    }
  });
});
