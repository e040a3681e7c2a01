import { equalBytes, toBase64url } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { signBody, verifyBody } from '../secagg/signing.js';
import { canonicalJson } from '../wire/canonical.js';
import type { Signed } from '../wire/messages.js';

/** What a participant agrees to: one plan, under one roster, for one run. */
export interface Approval {
  readonly consortium: string;
  readonly participantId: string;
  readonly runId: string;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
}

/** Canonical JSON of an approval. */
export function approvalBody(approval: Approval): Uint8Array {
  return canonicalJson({
    schema: 'concordat/approval/1',
    consortium: approval.consortium,
    participantId: approval.participantId,
    runId: approval.runId,
    planHash: toBase64url(approval.planHash),
    rosterHash: toBase64url(approval.rosterHash),
  });
}

/** The approval, signed by the participant's identity. */
export function signApproval(crypto: CryptoPort, signer: Signer, approval: Approval): Signed {
  return signBody(crypto, signer, 'concordat/approval', approvalBody(approval));
}

/** Whether `signed` is exactly this approval under this key. Never throws. */
export function verifyApproval(crypto: CryptoPort, publicKey: Uint8Array, approval: Approval, signed: Signed): boolean {
  return equalBytes(signed.body, approvalBody(approval)) && verifyBody(crypto, publicKey, 'concordat/approval', signed);
}
