import {
  type CryptoPort,
  FederatedError,
  type PlanDecision,
  participantRole,
  printable,
  readPlanDecision,
  refusal,
  requireDecisionFor,
  signPlanDecision,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import type { IdentitySigner } from '../keys/identity-signer.js';
import { KeyStore } from '../keys/key-store.js';
import { evaluatePolicy, policyRefusal } from '../policy/evaluate-policy.js';
import { type Policy, readPolicy } from '../policy/policy.js';
import { approverKeyText } from './approver-key.js';
import { readDecisionFile } from './decision-file.js';
import { type DecisionPlace, keepDecision, readDecisions } from './decisions.js';
import { writeNamedOutput } from './named-output.js';
import { type ExplainedExport, explainExport, exportText, type PlanExport } from './plan-export.js';
import { fetchProposedPlan, type ProposedPlan, type ProposedPlanOptions } from './proposed-plan.js';
import { requiredRoles } from './standing.js';

/** A decision of people on a plan, and where it is kept. */
export interface DecideOptions {
  readonly directory: string;
  /** Where the identity key is not in the directory. */
  readonly identity?: IdentitySigner | undefined;
  readonly crypto?: CryptoPort;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** Where the policy of a participant is. */
export type PolicyPlace = DecideOptions & { readonly policyFile: string };

/**
 * Fetch a plan and write what people need to decide on it to one file; nothing in it is secret, and nothing is approved.
 *
 * @param options.out replaced if it is there.
 * @throws as {@link fetchProposedPlan}; `invalid-argument` when it cannot be written there.
 */
export async function exportPlan(options: ProposedPlanOptions & { readonly out: string }): Promise<ExplainedExport> {
  const { crypto = nodeCrypto, wallMillis = Date.now, out } = options;
  const exported = exportOf(await fetchProposedPlan({ ...options, against: 'last' }));
  const explained = explainExport(crypto, exported, wallMillis());
  await writeNamedOutput(out, exportText(exported, explained.lines));
  return explained;
}

/**
 * Take a person's decision from a file: verified, held against the policy's keys, kept durably. No network, and a client may run.
 *
 * @param options.planHash which plan it has to be about; whichever it names unless said.
 * @throws `verification` `approval.decision`; `refused` `approval.foreign`, `approval.role`, `approval.key`, `approval.expired`;
 *   `invalid-argument` for another decision than was asked for.
 */
export async function importDecision(
  options: PolicyPlace & {
    readonly file: string;
    readonly decision: PlanDecision['decision'];
    readonly planHash?: Uint8Array | undefined;
  },
): Promise<PlanDecision> {
  const { file, planHash, policyFile, wallMillis = Date.now } = options;
  const { place, keys } = await openPlace(options);
  const signed = await readDecisionFile(file);
  const decision = readPlanDecision(place.crypto, signed);
  requireDecisionFor(decision, { ...place, planHash });
  requireNamed(await requirePolicy(policyFile), decision, keys.identityKey);
  if (decision.decision !== options.decision) {
    throw new FederatedError('invalid-argument', `${file} holds another decision: ${decision.decision}`, {
      detail: { required: options.decision, offered: decision.decision },
      fix: 'Type participant plan approve for an approval, participant plan withdraw for a withdrawal.',
    });
  }
  if (decision.decision === 'approved' && decision.expires <= wallMillis()) {
    throw refusal('approval.expired', 'the approval in the file has run out', {
      required: `an approval after ${new Date(wallMillis()).toISOString()}`,
      offered: new Date(decision.expires).toISOString(),
    });
  }
  return keepDecision(place, signed);
}

/**
 * Approve a plan with the participant's own key, where the policy waits for a person and names no roles, or after it was withdrawn.
 *
 * @param options.expires milliseconds since 1970; with the plan unless said, and never after it.
 * @throws `refused` by the policy's rule, or `approval.key` where it names roles; as {@link fetchProposedPlan}.
 */
export async function approvePlan(
  options: ProposedPlanOptions & PolicyPlace & { readonly planHash: Uint8Array; readonly expires?: number | undefined },
): Promise<PlanDecision> {
  const { crypto = nodeCrypto, wallMillis = Date.now, policyFile, planHash } = options;
  const policy = await requirePolicy(policyFile);
  if (policy.approvers !== undefined) throw notOurs(policy.approvers);
  const { keys, plan, proposer, roster } = await fetchProposedPlan(options);
  const now = wallMillis();
  const refused = policyRefusal(evaluatePolicy(policy, { plan, proposer, now }));
  if (refused !== undefined) throw refused;
  const { consortium, participantId } = keys.enrolment;
  const decided = {
    decision: 'approved',
    consortium,
    participantId,
    planHash,
    rosterHash: roster.hash,
    role: participantRole,
    issuedAt: now,
    expires: approvalEnd(options.expires, Date.parse(plan.approval.expires), now),
  } as const;
  const signed = await keys.signing((signer) => signPlanDecision(crypto, signer, decided));
  return keepDecision(placeOf(options, keys), signed);
}

/**
 * Take a plan back for this participant, whoever approved it: no round of it from the next one on. No network, and a client may run.
 *
 * @param options.reason for the own people; it does not leave.
 */
export async function withdrawPlan(
  options: DecideOptions & { readonly planHash: Uint8Array; readonly reason: string },
): Promise<PlanDecision> {
  const { planHash, reason, wallMillis = Date.now } = options;
  const { place, keys } = await openPlace(options);
  const { consortium, participantId, crypto } = place;
  const decided = {
    decision: 'withdrawn',
    consortium,
    participantId,
    planHash,
    role: participantRole,
    issuedAt: wallMillis(),
    reason: printable(reason),
  } as const;
  const signed = await keys.signing((signer) => signPlanDecision(crypto, signer, decided));
  return keepDecision(place, signed);
}

/** Every decision on a plan that was kept here. */
export async function decisionsOn(options: DecideOptions & { readonly planHash: Uint8Array }) {
  const { place } = await openPlace(options);
  return readDecisions(place, options.planHash);
}

/** @throws `invalid-argument` unless `asked` lies after now and not after the plan. */
export function approvalEnd(asked: number | undefined, planExpires: number, now: number): number {
  const expires = asked ?? planExpires;
  if (expires > now && expires <= planExpires) return expires;
  throw new FederatedError('invalid-argument', 'an approval ends after now, and not after its plan', {
    detail: {
      required: `after ${new Date(now).toISOString()}, at most ${new Date(planExpires).toISOString()}`,
      offered: new Date(expires).toISOString(),
    },
    fix: 'Give --expires a time between the two.',
  });
}

function exportOf({ keys, signed: plan, roster, against }: ProposedPlan): PlanExport {
  const { consortium, participantId, rootKey } = keys.enrolment;
  const previous = against === undefined ? {} : { previous: against.body };
  return { consortium, participantId, rootKey, plan, roster: roster.signed, ...previous };
}

async function openPlace(options: DecideOptions): Promise<{ readonly place: DecisionPlace; readonly keys: KeyStore }> {
  const { directory, crypto = nodeCrypto, wallMillis = Date.now, identity } = options;
  const keys = await KeyStore.open(directory, { crypto, wallMillis, identity });
  return { place: placeOf(options, keys), keys };
}

function placeOf({ directory, crypto = nodeCrypto }: DecideOptions, { enrolment }: KeyStore): DecisionPlace {
  const { consortium, participantId } = enrolment;
  return { directory, consortium, participantId, crypto };
}

async function requirePolicy(path: string): Promise<Policy> {
  const policy = await readPolicy(path);
  if (policy !== undefined) return policy;
  throw refusal('policy', 'there is no policy that says who approves', { required: 'a policy file', offered: 'none' });
}

function requireNamed(policy: Policy, { role, publicKey }: PlanDecision, identityKey: Uint8Array): void {
  const roles = requiredRoles(policy, identityKey);
  const keys = roles.get(role);
  if (keys === undefined || role === participantRole) {
    throw refusal('approval.role', `the policy names no role ${role} whose people sign`, {
      required: [...roles.keys()].filter((one) => one !== participantRole).join(', ') || 'no role',
      offered: role,
    });
  }
  const offered = approverKeyText(publicKey);
  if (keys.some((key) => approverKeyText(key) === offered)) return;
  throw refusal('approval.key', `the policy does not give this key the role ${role}`, {
    required: keys.map(approverKeyText).join(', '),
    offered,
  });
}

function notOurs(approvers: NonNullable<Policy['approvers']>): FederatedError {
  return refusal('approval.key', 'the policy names people who approve; the participant’s own key is none of theirs', {
    required: Object.keys(approvers).join(', '),
    offered: participantRole,
    fix: 'Type concordat participant plan export, let the people of each role sign that file, then plan approve --signature FILE.',
  });
}
