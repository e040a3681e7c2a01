import { approverKeyText, type PlanStanding, roleText, standingOf, whyNotApproved } from '@concordat/client-sdk';
import { type PlanDecision, participantRole, utf8Encode } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { signerOf } from '../transport/test-coordinator.js';

const [own, dpo, deputy, owner, stranger] = [30, 31, 32, 33, 34].map((seed) => signerOf(seed).publicKey) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const now = Date.UTC(2029, 0, 1);
const hour = 3_600_000;
const plan = { approval: { rule: 'each', expires: new Date(now + 10 * hour).toISOString() } } as const;
const rosterHash = nodeCrypto.sha256(utf8Encode('roster'));
const place = { consortium: 'north', participantId: 'acme', planHash: nodeCrypto.sha256(utf8Encode('plan')) };
const approvers = { dpo: [dpo, deputy].map(approverKeyText), 'data-owner': [approverKeyText(owner)] };

const yes = (
  role: string,
  publicKey: Uint8Array,
  change: { issuedAt?: number; expires?: number; rosterHash?: Uint8Array } = {},
) =>
  ({
    ...place,
    decision: 'approved',
    role,
    publicKey,
    rosterHash,
    issuedAt: now,
    expires: now + hour,
    ...change,
  }) as const;
const no = (role: string, publicKey: Uint8Array, issuedAt: number): PlanDecision => ({
  ...place,
  decision: 'withdrawn',
  role,
  publicKey,
  issuedAt,
  reason: '',
});
const both = [yes('dpo', dpo), yes('data-owner', owner)];
const stand = (
  decisions: readonly PlanDecision[],
  at = now,
  policy: Parameters<typeof standingOf>[0]['policy'] = { approval: 'manual', approvers },
) => standingOf({ policy, identityKey: own, plan, rosterHash, decisions, now: at });
const ruleAt = (standing: PlanStanding, at = now) => whyNotApproved(standing, at)?.detail.rule;

describe('a plan that people have to approve', () => {
  it('waits for one key of every role', () => {
    expect(ruleAt(stand([]))).to.equal('approval.missing');
    const half = stand([yes('dpo', deputy)]);
    expect(ruleAt(half)).to.equal('approval.missing');
    expect(half.roles.map(roleText)).to.deep.equal([
      'dpo: approved until 2029-01-01T01:00:00.000Z',
      'data-owner: has not approved',
    ]);
    expect(ruleAt(stand(both))).to.equal(undefined);
  });

  it('is not approved by a key that the policy does not name, nor in another role, nor by the service in a person’s place', () => {
    expect(ruleAt(stand([yes('dpo', stranger), yes('data-owner', owner)]))).to.equal('approval.missing');
    expect(ruleAt(stand([yes('dpo', owner), yes('data-owner', owner)]))).to.equal('approval.missing');
    expect(ruleAt(stand([yes('legal', dpo), yes('data-owner', owner)]))).to.equal('approval.missing');
    expect(ruleAt(stand([yes(participantRole, own)]))).to.equal('approval.missing');
    const lent = { approval: 'manual' as const, approvers: { dpo: [approverKeyText(own)] } };
    expect(ruleAt(stand([yes('dpo', own)], now, lent))).to.equal('approval.missing');
  });

  it('is approved until the first signature runs out, and with the plan at the latest', () => {
    const long = [yes('dpo', dpo, { expires: now + 90 * hour }), yes('data-owner', owner)];
    expect(stand(long).until).to.equal(now + hour);
    expect(ruleAt(stand(long, now + hour), now + hour)).to.equal('approval.expired');
    expect(stand(long, now + hour).roles.map(({ state }) => state)).to.deep.equal(['approved', 'expired']);
    expect(stand(long).roles[0]).to.deep.equal({ role: 'dpo', state: 'approved', until: now + 10 * hour });
    const longer = [
      yes('dpo', dpo, { expires: now + 90 * hour }),
      yes('data-owner', owner, { expires: now + 90 * hour }),
    ];
    expect(stand(longer).until).to.equal(now + 10 * hour);
    expect(ruleAt(stand(longer, now + 10 * hour), now + 10 * hour)).to.equal('approval.expired');
  });

  it('goes on with a later signature, which counts from its own time on', () => {
    const renewed = [...both, yes('dpo', dpo, { issuedAt: now + hour, expires: now + 3 * hour })];
    const later = now + 2 * hour;
    expect(stand(renewed, later).roles[0]).to.deep.equal({ role: 'dpo', state: 'approved', until: now + 3 * hour });
    expect(stand([yes('dpo', dpo, { issuedAt: now + 1 })]).roles[0]).to.deep.equal({
      role: 'dpo',
      state: 'not-yet',
      from: now + 1,
    });
  });

  it('is approved with one roster, and with no other', () => {
    const other = nodeCrypto.sha256(utf8Encode('another roster'));
    expect(stand([yes('dpo', dpo, { rosterHash: other })]).roles[0]).to.deep.equal({
      role: 'dpo',
      state: 'other-roster',
    });
  });

  it('is taken back by any key of a role, and for everybody by the participant, until it is approved anew', () => {
    const later = now + 2;
    for (const took of [no('dpo', deputy, now + 1), no(participantRole, own, now + 1)]) {
      expect(ruleAt(stand([...both, took], later))).to.equal('approval.withdrawn');
    }
    expect(ruleAt(stand([...both, no('dpo', stranger, now + 1)], later))).to.equal(undefined);
    const anew = both.map((one) => ({ ...one, issuedAt: now + 2 }));
    expect(ruleAt(stand([...both, no(participantRole, own, now + 1), ...anew], later))).to.equal(undefined);
  });

  it('is approved by the participant’s own key where no roles are named, and by that alone', () => {
    const plain = { approval: 'manual' } as const;
    expect(ruleAt(stand([], now, plain))).to.equal('approval.missing');
    expect(ruleAt(stand(both, now, plain))).to.equal('approval.missing');
    expect(ruleAt(stand([yes(participantRole, own)], now, plain))).to.equal(undefined);
  });

  it('needs nobody where the policy approves, until it is taken back or runs out', () => {
    const automatic = { approval: 'automatic' } as const;
    expect(ruleAt(stand([], now, automatic))).to.equal(undefined);
    const took = no(participantRole, own, now);
    expect(ruleAt(stand([took], now, automatic))).to.equal('approval.withdrawn');
    expect(ruleAt(stand([took, yes(participantRole, own, { issuedAt: now + 1 })], now + 1, automatic))).to.equal(
      undefined,
    );
    expect(ruleAt(stand([], now + 10 * hour, automatic), now + 10 * hour)).to.equal('approval.expired');
  });
});
