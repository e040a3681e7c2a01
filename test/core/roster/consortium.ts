import {
  certifyRosterKey,
  type Roster,
  type Signed,
  type Signer,
  signRoster,
  type VerifiedRoster,
  verifyRoster,
} from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';

export const now = Date.UTC(2030, 0, 1);
export const day = 86_400_000;

/** A key that depends on its number only. */
export const keyOf = (number: number): Signer => identityFromSeed(new Uint8Array(32).fill(number));

export const root = keyOf(1);
export const rosterKey = keyOf(2);
export const coordinator = keyOf(3);
export const operator = keyOf(4);
export const acme = keyOf(10);
export const beta = keyOf(11);
export const gamma = keyOf(12);

export const member = (participantId: string, key: Signer): Roster['members'][number] => ({
  participantId,
  organization: `${participantId} GmbH`,
  publicKey: key.publicKey,
  notBefore: now - day,
  notAfter: now + 365 * day,
  role: 'participant',
});

export const first: Roster = {
  consortium: 'health',
  epoch: 1,
  members: [member('acme', acme), member('beta', beta)],
  operators: [{ id: 'ops', publicKey: operator.publicKey }],
  coordinatorKey: coordinator.publicKey,
};

export const certificate: Signed = certifyRosterKey(nodeCrypto, root, {
  consortium: 'health',
  rosterKey: rosterKey.publicKey,
  notBefore: now - day,
  notAfter: now + 90 * day,
});

export const trust = { rootKey: root.publicKey, consortium: 'health', now };

export const verified = (roster: Roster): VerifiedRoster =>
  verifyRoster(nodeCrypto, signRoster(nodeCrypto, rosterKey, roster, certificate), trust);

/** The epoch behind `before`, with changes. */
export const after = (before: VerifiedRoster, changes: Partial<Roster> = {}): VerifiedRoster =>
  verified({ ...before.roster, epoch: before.roster.epoch + 1, previousHash: before.hash, ...changes });
