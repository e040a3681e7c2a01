import { type BodyCodec, FederatedError, type SessionCodec, toHex } from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';
import fc from 'fast-check';
import { bodies, config } from './session-bodies.js';

const names = Object.keys(bodies) as (keyof SessionCodec)[];
const codecs = sessionCodec as unknown as Record<string, BodyCodec<unknown>>;
const acceptedOrMalformed = (codec: BodyCodec<unknown>, bytes: Uint8Array): boolean => {
  try {
    const value = codec.decode(bytes);
    expect(codec.encode(value), 'an accepted body has one encoding').to.deep.equal(new Uint8Array(bytes));
    return true;
  } catch (error) {
    expect(error).to.be.instanceOf(FederatedError);
    expect((error as FederatedError).code).to.equal('malformed');
    return false;
  }
};

describe('the session codec', () => {
  for (const name of names) {
    it(`gives back every ${name} body`, () => {
      const bytes = codecs[name]!.encode(bodies[name]);
      expect(codecs[name]!.decode(bytes)).to.deep.equal(bodies[name]);
    });

    it(`refuses a ${name} body that is cut off anywhere, or goes on`, () => {
      const bytes = codecs[name]!.encode(bodies[name]);
      const accepted = [...bytes.keys()].filter((length) =>
        acceptedOrMalformed(codecs[name]!, bytes.subarray(0, length)),
      );
      // Cut behind its first share or sum, a reveal or an aggregate is a shorter one, and a dispute without its lane is about lane 0; the signature
      // tells them apart.
      const shorter: Readonly<Record<string, readonly number[]>> = { reveal: [108], aggregate: [81], dispute: [113] };
      expect([...accepted]).to.deep.equal(shorter[name] ?? []);
      expect(acceptedOrMalformed(codecs[name]!, Uint8Array.of(...bytes, 0x08, 0x01))).to.equal(false);
    });
  }

  it('writes plain proto3: fields in order, zeros left out', () => {
    const bytes = sessionCodec.confirm.encode(bodies.confirm as never);
    expect(toHex(bytes)).to.equal(`0a20${'01'.repeat(32)}1a020001`);
  });

  it('survives noise and single damaged bytes with nothing but malformed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 300 }), (name, noise) => {
        acceptedOrMalformed(codecs[name]!, noise);
      }),
      { seed: 5, numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), (name, at, flip) => {
        const bytes = codecs[name]!.encode(bodies[name]);
        bytes[at % bytes.length]! ^= flip;
        acceptedOrMalformed(codecs[name]!, bytes);
      }),
      { seed: 6, numRuns: 3000 },
    );
  });

  it('refuses lengths that leave the body before it allocates', () => {
    // Field 1 (bytes) that claims 2^31 − 1, and 2^63 bytes.
    for (const length of [
      [0xff, 0xff, 0xff, 0xff, 0x07],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ]) {
      expect(() => sessionCodec.upload.decode(Uint8Array.of(0x0a, ...length))).to.throw(
        FederatedError,
        'length leaves',
      );
    }
  });

  it('refuses a million empty shares before it makes an object for one', () => {
    const bytes = new Uint8Array(1_000_000);
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x22;
    expect(() => sessionCodec.reveal.decode(bytes)).to.throw(FederatedError, 'too many fields');
  });

  it('refuses a second encoding of the same value', () => {
    const bytes = sessionCodec.confirm.encode(bodies.confirm as never);
    // A zero written out; a field given twice; an unknown field.
    expect(() =>
      sessionCodec.confirm.decode(Uint8Array.of(...bytes.subarray(0, 34), 0x10, 0, ...bytes.subarray(34))),
    ).to.throw(FederatedError, 'one encoding');
    expect(() => sessionCodec.confirm.decode(Uint8Array.of(...bytes, ...bytes))).to.throw(
      FederatedError,
      'one encoding',
    );
    expect(() => sessionCodec.confirm.decode(Uint8Array.of(...bytes, 0x7a, 0))).to.throw(
      FederatedError,
      'one encoding',
    );
  });

  it('refuses configurations out of bounds', () => {
    const [model, weight] = config.segments as [(typeof config.segments)[0], (typeof config.segments)[0]];
    const broken: object[] = [
      { suite: 'CSA2' },
      { runId: '../run' },
      { round: 0 },
      { kind: 'audit' },
      { sessionNonce: new Uint8Array(31) },
      { parameters: 0 },
      { segments: [] },
      { segments: Array(65).fill(weight) },
      { segments: [{ ...model, bits: 17 }] },
      { segments: [{ ...model, kind: 'gradient' }] },
      { segments: [{ ...model, bound: Number.NaN }] },
      { segments: [{ ...model, length: 2 ** 28 + 1 }] },
      { clippingNorm: Number.POSITIVE_INFINITY },
      { clippingNorm: -1 },
      { maxCohort: 257 },
      { stepMillis: 0 },
    ];
    for (const changes of broken) {
      const value = { ...config, ...changes } as typeof config;
      expect(() => sessionCodec.config.encode(value), JSON.stringify(changes))
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
  });
});
