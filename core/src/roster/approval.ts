import { equalBytes, toBase64url } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import type { RosterView } from '../secagg/roster-view.js';
import { signBody, verifyBody } from '../secagg/signing.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson, parseCanonical } from '../wire/canonical.js';
import type { Signed } from '../wire/messages.js';
import { bytesOf, id, integer, objectWith, type Roster } from './roster.js';

/** A participant's word that it agrees to one plan with one roster. */
export interface Approval {
  /** SHA-256 of the canonical plan. */
  readonly planHash: Uint8Array;
  /** SHA-256 of the roster document. */
  readonly rosterHash: Uint8Array;
  readonly participantId: string;
  /** Counts from `issuedAt` (inclusive) to `expires` (exclusive), milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expires: number;
}

const schema = 'concordat/approval/1';

/** Sign an approval. @param identity of the participant. */
export function signApproval(crypto: CryptoPort, identity: Signer, approval: Approval): Signed {
  const body = canonicalJson({
    schema,
    ...approval,
    planHash: toBase64url(approval.planHash),
    rosterHash: toBase64url(approval.rosterHash),
  });
  return signBody(crypto, identity, 'concordat/approval', body);
}

/** @throws `malformed`; says nothing about the signature. */
export function decodeApproval(body: Uint8Array): Approval {
  const found = objectWith(parseCanonical(body, bounds.certificateBytesMax), [
    'schema',
    'planHash',
    'rosterHash',
    'participantId',
    'issuedAt',
    'expires',
  ]);
  if (found.schema !== schema) throw new FederatedError('malformed', `an approval has the schema "${schema}"`);
  const issuedAt = integer(found.issuedAt, 'issuedAt', 0);
  return {
    planHash: bytesOf(found.planHash, 'planHash', 32),
    rosterHash: bytesOf(found.rosterHash, 'rosterHash', 32),
    participantId: id(found.participantId, 'participantId'),
    issuedAt,
    expires: integer(found.expires, 'expires', issuedAt + 1),
  };
}

/**
 * Check an approval from the wire against what it must cover.
 *
 * @param expected.participantId of the connection's certificate. @param expected.now milliseconds since 1970.
 * @throws `malformed`; `verification` when the signature, the participant, the plan or the roster is another, or it expired.
 */
export function verifyApproval(
  crypto: CryptoPort,
  signed: Signed,
  expected: {
    readonly roster: RosterView;
    readonly participantId: string;
    readonly planHash: Uint8Array;
    readonly rosterHash: Uint8Array;
    readonly now: number;
  },
): Approval {
  const member = expected.roster.get(expected.participantId);
  if (member === undefined || !verifyBody(crypto, member.publicKey, 'concordat/approval', signed)) {
    throw new FederatedError('verification', 'the approval is not signed by this participant', {
      detail: { participantId: expected.participantId },
    });
  }
  const approval = decodeApproval(signed.body);
  const covers =
    approval.participantId === expected.participantId &&
    equalBytes(approval.planHash, expected.planHash) &&
    equalBytes(approval.rosterHash, expected.rosterHash);
  if (!covers) throw new FederatedError('verification', 'the approval is for another participant, plan or roster');
  if (approval.expires <= expected.now) {
    throw new FederatedError('verification', 'the approval has expired', {
      detail: { expires: approval.expires, now: expected.now },
      fix: 'Approve the plan again.',
    });
  }
  return approval;
}

/** Sign a canonical plan. @param operator a key that the roster names. */
export function signPlan(crypto: CryptoPort, operator: Signer, plan: Uint8Array): Signed {
  return signBody(crypto, operator, 'concordat/plan', plan);
}

/**
 * Which operator of the roster signed a plan.
 *
 * @returns the plan's SHA-256, its identity, and the operator's id. The plan itself is checked elsewhere.
 * @throws `verification` when none did.
 */
export function verifyPlanSignature(
  crypto: CryptoPort,
  signed: Signed,
  roster: Roster,
): { readonly planHash: Uint8Array; readonly operatorId: string } {
  const operator = roster.operators.find(({ publicKey }) => verifyBody(crypto, publicKey, 'concordat/plan', signed));
  if (operator === undefined) {
    throw new FederatedError('verification', 'the plan is not signed by an operator of the roster', {
      detail: { rule: 'plan.signature', operators: roster.operators.map(({ id: name }) => name) },
      fix: 'Sign the plan with the operator key that the roster names.',
    });
  }
  return { planHash: crypto.sha256(signed.body), operatorId: operator.id };
}
