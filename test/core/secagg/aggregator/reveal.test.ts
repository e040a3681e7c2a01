import { type CryptoPort, utf8Decode } from '@concordat/core';
import { expect } from 'chai';
import { crypto, InMemorySession } from '../../../support/session.js';

describe('The secrets that an aggregator rebuilds', () => {
  it('are in the transcript of the sum alone: whoever wipes it has wiped them', () => {
    const secrets = new Set<Uint8Array>();
    const watched: CryptoPort = {
      ...crypto,
      hkdf: (input, salt, info) => {
        if (utf8Decode(info.subarray(0, 9)) === 'CSA1/self') secrets.add(input);
        return crypto.hkdf(input, salt, info);
      },
      x25519: (secret, publicKeys) => {
        secrets.add(secret);
        return crypto.x25519(secret, publicKeys);
      },
    };
    const session = new InMemorySession({
      participants: 5,
      maxColluders: 1,
      silentFrom: new Map([['5', 'upload']]),
      aggregatorCrypto: watched,
    }).run();
    expect(session.sum!.recovered).to.deep.equal(['5']);
    const held = session.sum!.transcript.secrets;
    expect([...secrets].every((secret) => held.includes(secret))).to.equal(true);
    for (const secret of held) secret.fill(0);
    // Of four survivors the self-mask secret, of one dropout the mask seed.
    expect([...secrets].map((secret) => [...secret])).to.deep.equal(Array(5).fill(Array(32).fill(0)));
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(['1', '2', '3', '4']));
  });
});

describe('An opened sum', () => {
  it('is written down with who is in it and whose masks were taken out', () => {
    const silentFrom = new Map([['5', 'upload']] as const);
    const session = new InMemorySession({ participants: 5, maxColluders: 1, silentFrom }).run();
    const { sid2 } = session.sum!;
    expect(session.records.filter(({ type }) => type === 'opened')).to.deep.equal([
      { type: 'opened', sid2, survivors: ['1', '2', '3', '4'], recovered: ['5'] },
    ]);
  });
});
