import {
  concat,
  equalBytes,
  FederatedError,
  fromBase64url,
  fromHex,
  inOneBlock,
  readU16,
  readU32,
  toBase64url,
  toHex,
  u16,
  u32,
  utf8Decode,
  utf8Encode,
} from '@concordat/core';
import { expect } from 'chai';
import fc from 'fast-check';

const malformed = (bytes: number[]): void => {
  expect(() => utf8Decode(Uint8Array.from(bytes)))
    .to.throw(FederatedError)
    .with.property('code', 'malformed');
};

describe('bytes', () => {
  it('are concatenated in order', () => {
    expect(concat(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).to.deep.equal(Uint8Array.of(1, 2, 3));
  });

  it('lie in one block behind one another, and are the same', () => {
    const many = fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 });
    fc.assert(
      fc.property(many, (arrays) => {
        const views = inOneBlock(arrays);
        expect(views).to.deep.equal(arrays.map((array) => Uint8Array.from(array)));
        expect(new Set(views.map(({ buffer }) => buffer)).size).to.be.at.most(1);
      }),
      { seed: 41, numRuns: 200 },
    );
  });

  it('are equal only with the same length and content', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).to.equal(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).to.equal(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).to.equal(false);
  });

  it('have one text in hexadecimal and in base64url, and come back from it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(fromHex(toHex(bytes))).to.deep.equal(new Uint8Array(bytes));
        expect(toBase64url(bytes)).to.equal(Buffer.from(bytes).toString('base64url'));
        expect(fromBase64url(toBase64url(bytes))).to.deep.equal(new Uint8Array(bytes));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('are refused in any other spelling', () => {
    for (const text of ['a', 'AB', '0g']) expect(() => fromHex(text)).to.throw(FederatedError);
    // A, then four stray bits; padding; the other alphabet; an impossible length.
    for (const text of ['AB', 'AA==', 'A+', 'A']) expect(() => fromBase64url(text), text).to.throw(FederatedError);
  });

  it('of numbers are big-endian and bounded', () => {
    expect(u16(0x0102)).to.deep.equal(Uint8Array.of(1, 2));
    expect(u32(0xff020304)).to.deep.equal(Uint8Array.of(255, 2, 3, 4));
    expect(readU16(u16(65_535))).to.equal(65_535);
    expect(readU32(u32(4_294_967_295))).to.equal(4_294_967_295);
    for (const value of [-1, 65_536, 1.5, Number.NaN]) expect(() => u16(value)).to.throw(FederatedError);
    expect(() => u32(2 ** 32)).to.throw(FederatedError);
    expect(() => readU32(Uint8Array.of(1, 2, 3))).to.throw(FederatedError);
  });
});

describe('UTF-8', () => {
  it('is what the platform writes and reads, for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const bytes = utf8Encode(text);
        expect(Buffer.from(bytes).equals(Buffer.from(text, 'utf8'))).to.equal(true);
        expect(utf8Decode(bytes)).to.equal(text);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('is decoded exactly when the platform accepts it', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const decoded = (decode: () => string): string | undefined => {
      try {
        return decode();
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        expect(decoded(() => utf8Decode(bytes))).to.equal(decoded(() => strict.decode(bytes)));
      }),
      { seed: 3, numRuns: 5000 },
    );
  });

  it('has no overlong forms, surrogates, stray or missing bytes', () => {
    malformed([0xc0, 0x80]);
    malformed([0xe0, 0x80, 0x80]);
    malformed([0xf0, 0x80, 0x80, 0x80]);
    malformed([0xed, 0xa0, 0x80]);
    malformed([0xf4, 0x90, 0x80, 0x80]);
    malformed([0x80]);
    malformed([0xe2, 0x82]);
  });

  it('does not exist for a lone surrogate', () => {
    expect(() => utf8Encode('a\ud800'))
      .to.throw(FederatedError)
      .with.property('code', 'invalid-argument');
    expect(() => utf8Encode('\udc00\ud800')).to.throw(FederatedError);
  });
});
