import { concat, configHash, dealersId, inputsHash, sessionId, u16, utf8Encode } from '@concordat/core';
import { expect } from 'chai';
import { crypto } from '../../support/session.js';

const sha = (...parts: readonly Uint8Array[]) => crypto.sha256(...parts);
const tagged = (tag: string, ...parts: readonly Uint8Array[]) =>
  sha(concat(utf8Encode(tag), Uint8Array.of(0), ...parts));
const [one, two, three] = [utf8Encode('one'), utf8Encode('two'), utf8Encode('three')];

describe('Identifiers of a session', () => {
  it('are the hashes the design writes down', () => {
    const config = configHash(crypto, one);
    expect(config).to.deep.equal(tagged('CSA1/config', sha(one)));
    const sid = sessionId(crypto, config, [one, two, three]);
    expect(sid).to.deep.equal(tagged('CSA1/sid', config, u16(3), sha(one), sha(two), sha(three)));
    const members = [
      { index: 0, bodyHash: sha(one) },
      { index: 2, bodyHash: sha(three) },
    ];
    const sid2 = dealersId(crypto, sid, 3, members);
    expect(sid2).to.deep.equal(tagged('CSA1/dealers', sid, Uint8Array.of(0b101), sha(one), sha(three)));
    expect(inputsHash(crypto, sid2, 3, members)).to.deep.equal(
      tagged('CSA1/inputs', sid2, Uint8Array.of(0b101), sha(one), sha(three)),
    );
  });

  it('differ with the order and the number of members', () => {
    const ids = [
      [one, two],
      [two, one],
      [one, two, two],
    ].map((bodies) => sessionId(crypto, sha(three), bodies).join());
    expect(new Set(ids).size).to.equal(3);
  });
});
