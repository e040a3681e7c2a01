import { listedMembers, parsePolicy } from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { fingerprintOf, identityFromSeed, spokenFingerprint } from '@concordat/node';
import { expect } from 'chai';

const keyOf = (seed: number) => identityFromSeed(new Uint8Array(32).fill(seed)).publicKey;
const roster = new Map(
  ['acme', 'beta', 'gamma'].map((name, i) => [name, { organization: name, publicKey: keyOf(i + 1) }]),
);
const policyWith = (known: string) => `
schema: concordat/policy/1
proposers: [operator]
purposes: [read handwritten digits]
cohort: {min: 4}
roster: {known: ${known}}
`;

describe('a list of known fingerprints', () => {
  it('names the members that have them, however they were typed', () => {
    const [acme, beta] = [fingerprintOf(keyOf(1)), spokenFingerprint(fingerprintOf(keyOf(2)))];
    const { roster: rules } = parsePolicy(policyWith(JSON.stringify([acme, beta])));
    expect(rules.additions).to.equal('ask');
    expect(listedMembers(roster, rules.known)).to.deep.equal(new Set(['acme', 'beta']));
  });

  it('is not the same as none: an unknown key lists nobody', () => {
    expect(listedMembers(roster, [fingerprintOf(keyOf(9))])).to.deep.equal(new Set());
    expect(listedMembers(roster, undefined)).to.equal(undefined);
  });

  it('is refused with fewer than 128 bits of a fingerprint, or with one entry', () => {
    const acme = fingerprintOf(keyOf(1));
    for (const known of [[acme.slice(0, 16), acme], [acme], ['x'.repeat(64), acme]]) {
      expect(() => parsePolicy(policyWith(JSON.stringify(known)))).to.throw(FederatedError, 'not usable');
    }
  });
});
