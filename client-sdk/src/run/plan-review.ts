import {
  type ApprovedRun,
  acceptRoster,
  type CryptoPort,
  decodePlan,
  equalBytes,
  type Plan,
  type RosterSuccession,
  refusal,
  rosterView,
  signApproval,
  toHex,
  verifyPlanSignature,
} from '@concordat/core';
import type { RunTerms } from '../approval/approvals.js';
import { type AcceptedRoster, type KeyStore, requireOwnEntry } from '../keys/key-store.js';
import { evaluatePolicy, policyRefusal, type RuleResult } from '../policy/evaluate-policy.js';
import { listedMembers } from '../policy/known-members.js';
import type { Policy } from '../policy/policy.js';
import type { Connection } from '../transport/connection.js';
import { checkRecords, type RecordsHere, recordsRefusal } from './records-check.js';

/** A run on offer, by digests. */
export interface Offer {
  readonly runId: string;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
}

export interface PlanReview {
  readonly connection: Pick<Connection, 'getPlan' | 'getRoster'>;
  readonly keys: KeyStore;
  readonly crypto: CryptoPort;
  /** Without one everything is refused. */
  readonly policy: Policy | undefined;
  readonly records: RecordsHere;
  /** Whether a roster was approved here before: only then an addition is an addition. */
  readonly approvedBefore: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** Told before the decision. */
  readonly onRules: (operator: string, results: readonly RuleResult[]) => void;
  /** Resolves when everybody has approved who has to; false when the offer is gone meanwhile. Asked when the policy has nothing against it. */
  readonly approved: (terms: RunTerms) => Promise<boolean>;
}

/**
 * Fetch plan and roster by digest, verify both, ask the policy, look at the records that are declared here, wait for people where the
 * policy asks them, sign the approval over both.
 *
 * @returns undefined when the offer is gone.
 * @throws `refused` naming the rule; `verification` for a wrong signature, a fork of the roster or other bytes.
 */
export async function reviewPlan(review: PlanReview, offer: Offer): Promise<ApprovedRun | undefined> {
  const { connection, keys, crypto, policy, now, signal } = review;
  const roster = await offeredRoster(review, offer.rosterHash);
  requireOwnEntry(roster, keys.participantId, keys.identityKey);
  const { plan: signed } = await connection.getPlan(offer.planHash, { signal });
  const { operatorId } = verifyPlanSignature(crypto, signed, roster.roster);
  const plan = decodePlan(signed.body);
  requireConsortium(plan, keys.enrolment.consortium);
  requireRun(plan, offer.runId);
  const succession = successionOf(review, roster);
  const proposal = { plan, proposer: operatorId, now, ...(succession === undefined ? {} : { succession }) };
  const rules = evaluatePolicy(policy, proposal);
  const found = checkRecords(plan, review.records, policy);
  review.onRules(operatorId, [...rules, ...found]);
  const refused = policyRefusal(rules) ?? recordsRefusal(found);
  if (refused !== undefined) throw refused;
  if (!(await review.approved({ plan, planHash: offer.planHash, rosterHash: offer.rosterHash }))) return undefined;
  if (!equalBytes(roster.hash, keys.roster.hash)) await keys.adoptRoster(roster);
  const terms = {
    planHash: offer.planHash,
    rosterHash: offer.rosterHash,
    participantId: keys.participantId,
    issuedAt: now,
    expires: Date.parse(plan.approval.expires),
  };
  const approval = await keys.signing((signer) => signApproval(crypto, signer, terms));
  const { coordinatorKey } = roster.roster;
  const view = rosterView(roster.roster, now);
  const listed = listedMembers(view, policy?.roster.known);
  return {
    ...offer,
    plan,
    roster: view,
    ...(listed === undefined ? {} : { listed }),
    coordinatorKey,
    approval,
  };
}

async function offeredRoster({ connection, keys, signal }: PlanReview, hash: Uint8Array): Promise<AcceptedRoster> {
  if (equalBytes(keys.roster.hash, hash)) return keys.roster;
  const latest = keys.verifyRoster(await connection.getRoster({ signal }));
  if (equalBytes(latest.hash, hash)) return latest;
  throw refusal('roster.hash', 'the run is held to a roster that is neither the one approved here nor the latest', {
    required: toHex(latest.hash),
    offered: toHex(hash),
    fix: 'Ask the operator to start the run again with the roster of today.',
  });
}

// Also when nothing was approved yet: a fork of the epoch held since enrolment, or an older one, throws here.
function successionOf(review: PlanReview, roster: AcceptedRoster): RosterSuccession | undefined {
  const additions = review.policy?.roster.additions ?? 'ask';
  const succession = acceptRoster(review.crypto, review.keys.roster, roster, { additions });
  return review.approvedBefore ? succession : undefined;
}

/** @throws `refused` `plan.consortium`. */
export function requireConsortium(plan: Plan, consortium: string): void {
  if (plan.consortium !== consortium) {
    throw refusal('plan.consortium', 'the plan is for another consortium', {
      required: consortium,
      offered: plan.consortium,
    });
  }
}

function requireRun(plan: Plan, runId: string): void {
  if (plan.run !== runId) {
    throw refusal('plan.run', 'the plan is for another run', { required: runId, offered: plan.run });
  }
}
