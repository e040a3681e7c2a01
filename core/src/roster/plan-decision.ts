import { equalBytes, toBase64url } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { isStrictEd25519Key } from '../crypto/strict-keys.js';
import { FederatedError, refusal } from '../errors.js';
import { contradiction, signBody, verifyBody } from '../secagg/signing.js';
import { printable } from '../text.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson, parseCanonical } from '../wire/canonical.js';
import type { Signed } from '../wire/messages.js';
import { bytesOf, id, integer, objectWith } from './roster.js';

/**
 * One person's yes or no to one plan, for one participant, in the role that the participant's policy gives the key. It stays at the
 * participant: what the coordinator is told is the participant's own {@link Approval}.
 */
export type PlanDecision = Decided &
  (
    | {
        readonly decision: 'approved';
        /** SHA-256 of the roster document: with whom. */
        readonly rosterHash: Uint8Array;
        /** Counts from `issuedAt` (inclusive) to `expires` (exclusive), milliseconds since 1970. */
        readonly expires: number;
      }
    /** Takes back every approval of this role that was issued up to `issuedAt`, whatever its roster. */
    | { readonly decision: 'withdrawn'; readonly reason: string }
  );

interface Decided {
  readonly consortium: string;
  readonly participantId: string;
  /** SHA-256 of the canonical plan. */
  readonly planHash: Uint8Array;
  /** E.g. `dpo`; `participant` for the participant's own key. */
  readonly role: string;
  /** Ed25519 key that signed. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
}

/** A decision without its key, which the signer knows. */
export type PlanDecisionDraft = PlanDecision extends infer One
  ? One extends unknown
    ? Omit<One, 'publicKey'>
    : never
  : never;

/** Role of the participant's own identity key; no policy may give it to a person. */
export const participantRole = 'participant';

const schema = 'concordat/plan-decision/1';
const shared = ['schema', 'decision', 'consortium', 'participantId', 'planHash', 'role', 'publicKey', 'issuedAt'];

/** Sign a decision. @param person whose key the policy names, or the participant's identity. */
export function signPlanDecision(crypto: CryptoPort, person: Signer, draft: PlanDecisionDraft): Signed {
  const body = canonicalJson({
    schema,
    ...draft,
    planHash: toBase64url(draft.planHash),
    publicKey: toBase64url(person.publicKey),
    ...(draft.decision === 'approved' ? { rosterHash: toBase64url(draft.rosterHash) } : {}),
  });
  return signBody(crypto, person, 'concordat/plan-decision', body);
}

/**
 * A decision whose signature is that of the key it names. Whether that key may decide here is a question for the policy.
 *
 * @throws `malformed`; `verification` `approval.decision` for another signature.
 */
export function readPlanDecision(crypto: CryptoPort, signed: Signed): PlanDecision {
  const decision = decodePlanDecision(signed.body);
  if (verifyBody(crypto, decision.publicKey, 'concordat/plan-decision', signed)) return decision;
  throw contradiction('approval.decision', 'the decision is not signed by the key that it names', {
    required: toBase64url(decision.publicKey),
    offered: 'a signature that does not verify',
  });
}

/** @throws `refused` `approval.foreign` for a decision about another participant, consortium or, where it is given, plan. */
export function requireDecisionFor(
  decision: PlanDecision,
  expected: { readonly consortium: string; readonly participantId: string; readonly planHash?: Uint8Array | undefined },
): void {
  const { consortium, participantId, planHash } = expected;
  const isOurs = decision.consortium === consortium && decision.participantId === participantId;
  const isPlan = planHash === undefined || equalBytes(planHash, decision.planHash);
  if (isOurs && isPlan) return;
  const named = (of: { readonly consortium: string; readonly participantId: string }, plan: Uint8Array) =>
    `${of.participantId} of ${of.consortium}${planHash === undefined ? '' : `, plan ${toBase64url(plan)}`}`;
  throw refusal('approval.foreign', 'the decision is about another participant, consortium or plan', {
    required: named(expected, planHash ?? decision.planHash),
    offered: named(decision, decision.planHash),
  });
}

function decodePlanDecision(body: Uint8Array): PlanDecision {
  const value = parseCanonical(body, bounds.certificateBytesMax);
  const found = objectWith(value, shared, ['rosterHash', 'expires', 'reason']);
  if (found.schema !== schema) throw new FederatedError('malformed', `a decision has the schema "${schema}"`);
  const publicKey = bytesOf(found.publicKey, 'publicKey', 32);
  if (!isStrictEd25519Key(publicKey)) throw new FederatedError('malformed', 'publicKey must be an Ed25519 key');
  const issuedAt = integer(found.issuedAt, 'issuedAt', 0);
  const decided = {
    consortium: id(found.consortium, 'consortium'),
    participantId: id(found.participantId, 'participantId'),
    planHash: bytesOf(found.planHash, 'planHash', 32),
    role: id(found.role, 'role'),
    publicKey,
    issuedAt,
  };
  switch (found.decision) {
    case 'approved':
      objectWith(value, [...shared, 'rosterHash', 'expires']);
      return {
        ...decided,
        decision: 'approved',
        rosterHash: bytesOf(found.rosterHash, 'rosterHash', 32),
        expires: integer(found.expires, 'expires', issuedAt + 1),
      };
    case 'withdrawn':
      objectWith(value, [...shared, 'reason']);
      return { ...decided, decision: 'withdrawn', reason: reasonOf(found.reason) };
    default:
      throw new FederatedError('malformed', 'decision must be approved or withdrawn');
  }
}

function reasonOf(value: unknown): string {
  if (typeof value === 'string' && value === printable(value)) return value;
  throw new FederatedError(
    'malformed',
    `reason must be printable text of at most ${bounds.textCharactersMax} characters`,
  );
}
