import { type CryptoPort, portableCrypto, type SessionStep, signBody, survivors } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { ports } from '../../support/crypto-ports.js';
import { forged, victim } from '../../support/forged-frames.js';
import { replaced } from '../../support/mutations.js';
import { ruleOf } from '../../support/rules.js';
import { codec, InMemorySession, type SessionOptions } from '../../support/session.js';

/** A session in which everybody signs, seals, masks and checks with the implementation it is given. */
function sessionOf(
  cryptoOf: (owner: string) => CryptoPort,
  options: Partial<SessionOptions> & { readonly participants: number },
): InMemorySession {
  return new InMemorySession({
    ...options,
    aggregatorCrypto: cryptoOf('coordinator'),
    identityOf: (owner, seed) => {
      const crypto = cryptoOf(owner);
      const own = seed.slice();
      return { publicKey: crypto.ed25519PublicKey(own), sign: (message) => crypto.ed25519Sign(message, own) };
    },
    onPorts: (participant, given) => ({ ...given, crypto: cryptoOf(participant) }),
  });
}

const alternating = (coordinator: CryptoPort) => (owner: string) =>
  owner === 'coordinator' ? coordinator : Number(owner) % 2 === 0 ? portableCrypto : nodeCrypto;

describe('A cohort of both implementations', () => {
  const silentFrom = new Map<string, SessionStep>([
    ['2', 'upload'],
    ['6', 'reveal'],
  ]);

  for (const { name, crypto } of ports) {
    it(`opens exactly the sum, dropouts included, at a coordinator with ${name}`, () => {
      const session = sessionOf(alternating(crypto), { participants: 7, maxColluders: 1, seed: 8, silentFrom }).run();
      const remaining = ['1', '3', '4', '5', '6', '7'];
      expect(survivors(session.aggregator)).to.deep.equal(remaining);
      expect(session.sum!.recovered).to.deep.equal(['2']);
      expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(remaining));
      expect([session.refusals, session.rejections]).to.deep.equal([[], []]);
    });
  }

  it('says, stores and masks byte for byte what a cohort of one implementation does', () => {
    const transcripts = [() => nodeCrypto, () => portableCrypto, alternating(portableCrypto)].map((cryptoOf) => {
      const { replies, records, spool, opened } = sessionOf(cryptoOf, { participants: 4, seed: 9 }).run();
      return { replies, records, spool, opened };
    });
    expect(transcripts[0]!.opened).to.not.equal(undefined);
    expect(transcripts[0]!.spool.size).to.equal(4);
    expect(transcripts[1]).to.deep.equal(transcripts[0]);
    expect(transcripts[2]).to.deep.equal(transcripts[0]);
  });
});

for (const { name, crypto } of ports) {
  describe(`A participant with ${name}`, () => {
    const withCrypto: Partial<SessionOptions> = {
      onPorts: (participant, given) => (participant === victim ? { ...given, crypto } : given),
    };
    const highBit = Uint8Array.of(9, ...new Uint8Array(30), 0x80);
    const offers: readonly (readonly [what: string, rule: string, key: (other: Uint8Array) => Uint8Array])[] = [
      ['of low order', 'cohort.key', () => Uint8Array.of(1, ...new Uint8Array(31))],
      ['with the top bit set', 'cohort.key', () => highBit],
      ['at 2^255 − 19', 'cohort.key', () => Uint8Array.of(0xed, ...new Uint8Array(30).fill(0xff), 0x7f)],
      ['that occurs twice', 'cohort.duplicate-key', (other) => other],
    ];
    for (const [what, rule, keyOf] of offers) {
      it(`refuses a mask key ${what} with the same rule`, () => {
        const session = forged(
          'cohort',
          (frame, session) => {
            const other = codec.advert.decode(frame.adverts[3]!.body).sealingKey;
            const body = codec.advert.decode(frame.adverts[2]!.body);
            const changed = codec.advert.encode({ ...body, maskKey: keyOf(other) });
            return {
              ...frame,
              adverts: replaced(
                frame.adverts,
                2,
                signBody(crypto, session.signers.get(body.participantId)!, 'CSA1/advert', changed),
              ),
            };
          },
          withCrypto,
        );
        expect(session.refusals.map(({ participant, error }) => [participant, ruleOf(error)])).to.deep.equal([
          [victim, rule],
        ]);
        expect(session.participants.get(victim)!.phase).to.equal('ended');
      });
    }
  });
}
