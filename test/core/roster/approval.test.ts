import {
  FederatedError,
  rosterView,
  signApproval,
  signBody,
  signPlan,
  utf8Encode,
  verifyApproval,
  verifyPlanSignature,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { acme, beta, day, first, now, operator, verified } from './consortium.js';

const plan = utf8Encode('{"purpose":"test"}');
const planHash = nodeCrypto.sha256(plan);
const { roster, hash: rosterHash } = verified(first);
const approval = { planHash, rosterHash, participantId: 'acme', issuedAt: now, expires: now + day };
const expected = { roster: rosterView(roster, now), participantId: 'acme', planHash, rosterHash, now };

describe('an approval', () => {
  it('covers one plan and one roster by one participant', () => {
    expect(verifyApproval(nodeCrypto, signApproval(nodeCrypto, acme, approval), expected)).to.deep.equal(approval);
  });

  it('is refused for another plan, roster or participant, or signed by another member', () => {
    const signed = signApproval(nodeCrypto, acme, approval);
    const others = [
      { planHash: rosterHash },
      { rosterHash: planHash },
      { participantId: 'beta' },
      { participantId: 'nobody' },
    ];
    for (const other of others) {
      expect(() => verifyApproval(nodeCrypto, signed, { ...expected, ...other }))
        .to.throw(FederatedError)
        .with.property('code', 'verification');
    }
    expect(() => verifyApproval(nodeCrypto, signApproval(nodeCrypto, beta, approval), expected)).to.throw(
      FederatedError,
    );
    const inNameOfBeta = signApproval(nodeCrypto, acme, { ...approval, participantId: 'beta' });
    expect(() => verifyApproval(nodeCrypto, inNameOfBeta, expected)).to.throw(FederatedError);
  });

  it('is refused when it has expired, with what to do', () => {
    const signed = signApproval(nodeCrypto, acme, approval);
    expect(() => verifyApproval(nodeCrypto, signed, { ...expected, now: now + day }))
      .to.throw(FederatedError, 'expired')
      .with.property('fix')
      .that.includes('Approve the plan again.');
  });
});

describe('a plan', () => {
  it('is signed by an operator whom the roster names', () => {
    const signed = signPlan(nodeCrypto, operator, plan);
    expect(verifyPlanSignature(nodeCrypto, signed, roster)).to.deep.equal({ planHash, operatorId: 'ops' });
  });

  it('is refused from anybody else, or under another label', () => {
    expect(() => verifyPlanSignature(nodeCrypto, signPlan(nodeCrypto, acme, plan), roster)).to.throw(
      FederatedError,
      'operator',
    );
    const roster1 = signBody(nodeCrypto, operator, 'concordat/roster', plan);
    expect(() => verifyPlanSignature(nodeCrypto, roster1, roster)).to.throw(FederatedError);
  });
});
