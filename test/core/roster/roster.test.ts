import {
  canonicalJson,
  decodeRoster,
  encodeRoster,
  FederatedError,
  type Roster,
  rosterView,
  utf8Decode,
  utf8Encode,
} from '@concordat/core';
import { expect } from 'chai';
import { acme, beta, day, first, member, now } from './consortium.js';

describe('a roster document', () => {
  it('comes back as it was, sorted', () => {
    const shuffled = { ...first, members: [...first.members].reverse() };
    expect(encodeRoster(shuffled)).to.deep.equal(encodeRoster(first));
    expect(decodeRoster(encodeRoster(shuffled))).to.deep.equal(first);
  });

  it('cannot be made with a member, key or number that breaks a rule', () => {
    const [one, two] = first.members as [Roster['members'][number], Roster['members'][number]];
    const broken: Partial<Roster>[] = [
      { members: [one, one] },
      { members: [one, { ...two, publicKey: one.publicKey }] },
      { members: [{ ...one, publicKey: first.coordinatorKey }] },
      { members: [{ ...one, publicKey: Uint8Array.of(1, ...new Uint8Array(31)) }] },
      { members: [{ ...one, publicKey: one.publicKey.subarray(1) }] },
      { members: [{ ...one, participantId: '../acme' }] },
      { members: [{ ...one, organization: 'a\u001b[2Jb' }] },
      { members: [{ ...one, organization: '' }] },
      { members: [{ ...one, notAfter: one.notBefore }] },
      { epoch: 0 },
      { epoch: 1, previousHash: new Uint8Array(32) },
      { epoch: 2 },
    ];
    for (const changes of broken) {
      expect(() => encodeRoster({ ...first, ...changes }), JSON.stringify(Object.keys(changes)))
        .to.throw(FederatedError)
        .with.property('code', 'invalid-argument');
    }
  });

  it('is refused with a field more or less, another schema, or unsorted members', () => {
    const document = JSON.parse(utf8Decode(encodeRoster(first))) as { members: object[] };
    const spoiled: object[] = [
      { ...document, extra: 1 },
      { ...document, operators: undefined },
      { ...document, schema: 'concordat/roster/2' },
      { ...document, members: [...document.members].reverse() },
      { ...document, members: [{ ...document.members[0], admin: true }] },
      { ...document, members: [{ ...document.members[0], role: 'root' }] },
    ];
    for (const each of spoiled) {
      expect(() => decodeRoster(canonicalJson(each)))
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
    expect(() => decodeRoster(utf8Encode('[]'))).to.throw(FederatedError);
  });

  it('shows a session the participants whose entry counts now', () => {
    const roster: Roster = {
      ...first,
      members: [
        member('acme', acme),
        { ...member('beta', beta), notAfter: now },
        { ...member('auditors', beta), role: 'auditor' },
        { ...member('later', beta), notBefore: now + day },
      ],
    };
    expect([...rosterView(roster, now)]).to.deep.equal([
      ['acme', { organization: 'acme GmbH', publicKey: acme.publicKey }],
    ]);
  });
});
