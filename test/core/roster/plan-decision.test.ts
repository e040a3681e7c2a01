import {
  type FederatedError,
  type PlanDecisionDraft,
  readPlanDecision,
  requireDecisionFor,
  type Signed,
  signApproval,
  signPlanDecision,
  utf8Encode,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { acme, beta, day, now } from './consortium.js';

const planHash = nodeCrypto.sha256(utf8Encode('plan'));
const rosterHash = nodeCrypto.sha256(utf8Encode('roster'));
const place = { consortium: 'north', participantId: 'acme' };
const yes: PlanDecisionDraft = {
  ...place,
  decision: 'approved',
  planHash,
  rosterHash,
  role: 'dpo',
  issuedAt: now,
  expires: now + day,
};
const { rosterHash: _hash, expires: _expires, ...decided } = yes;
const no: PlanDecisionDraft = { ...decided, decision: 'withdrawn', reason: 'the purpose changed' };
const signed = (draft: PlanDecisionDraft = yes) => signPlanDecision(nodeCrypto, beta, draft);
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'nothing';
  } catch (error) {
    const { code, detail } = error as FederatedError;
    return detail.rule === undefined ? code : `${code} ${String(detail.rule)}`;
  }
};

describe('a decision on a plan', () => {
  it('comes back as it was signed, yes or no, with the key that signed it', () => {
    for (const draft of [yes, no]) {
      expect(readPlanDecision(nodeCrypto, signed(draft))).to.deep.equal({ ...draft, publicKey: beta.publicKey });
    }
  });

  it('is refused with any byte of it changed', () => {
    const { body, signature } = signed();
    for (let at = 0; at < body.length + signature.length; at++) {
      const flipped = { body: body.slice(), signature: signature.slice() };
      if (at < body.length) flipped.body[at]! ^= 1;
      else flipped.signature[at - body.length]! ^= 1;
      expect(
        codeOf(() => readPlanDecision(nodeCrypto, flipped)),
        `byte ${at}`,
      ).to.match(/^(malformed|verification)/);
    }
  });

  it('is no approval that a participant signed for the coordinator, with the same key', () => {
    const approval = { planHash, rosterHash, participantId: 'acme', issuedAt: now, expires: now + day };
    const { signature } = signApproval(nodeCrypto, beta, approval);
    expect(codeOf(() => readPlanDecision(nodeCrypto, { body: signed().body, signature }))).to.equal(
      'verification approval.decision',
    );
  });

  it('is refused when it names another key than the one that signed', () => {
    const { body } = signed();
    const { signature } = signPlanDecision(nodeCrypto, acme, yes);
    expect(codeOf(() => readPlanDecision(nodeCrypto, { body, signature }))).to.equal('verification approval.decision');
  });

  it('says everything that its kind needs, and nothing of the other kind', () => {
    const text = (of: Signed) => new TextDecoder().decode(of.body);
    for (const body of [
      text(signed()).replace('"approved"', '"perhaps"'),
      text(signed()).replace('"approved"', '"withdrawn"'),
      text(signed(no)).replace('"withdrawn"', '"approved"'),
      text(signed()).replace('concordat/plan-decision/1', 'concordat/plan-decision/2'),
      text(signed()).replace('"dpo"', '"../dpo"'),
      text(signed()).replace(String(now + day), String(now)),
      text(signed(no)).replace('the purpose changed', 'x'.repeat(1025)),
    ]) {
      const changed = { body: utf8Encode(body), signature: new Uint8Array(64) };
      expect(
        codeOf(() => readPlanDecision(nodeCrypto, changed)),
        body,
      ).to.equal('malformed');
    }
  });

  it('is about one participant, one consortium and one plan', () => {
    const decision = readPlanDecision(nodeCrypto, signed());
    requireDecisionFor(decision, place);
    requireDecisionFor(decision, { ...place, planHash });
    for (const other of [{ participantId: 'beta' }, { consortium: 'south' }, { planHash: rosterHash }]) {
      expect(codeOf(() => requireDecisionFor(decision, { ...place, ...other }))).to.equal('refused approval.foreign');
    }
  });
});
