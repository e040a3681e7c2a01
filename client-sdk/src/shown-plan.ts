import {
  acceptRoster,
  type CryptoPort,
  describePlan,
  equalBytes,
  type Plan,
  type PlanRefusal,
  toHex,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { readDecisions } from './approval/decisions.js';
import { changeLines } from './approval/plan-export.js';
import { fetchProposedPlan, type ProposedPlan, type ProposedPlanOptions } from './approval/proposed-plan.js';
import { type PlanStanding, standingOf } from './approval/standing.js';
import { readDeclaration } from './data/declaration.js';
import { evaluatePolicy, type RuleResult } from './policy/evaluate-policy.js';
import { type Policy, readPolicy } from './policy/policy.js';
import { checkRecords, type RecordsHere, recordsHere } from './run/records-check.js';

/** A plan to show, and what is held against it. */
export interface ShowPlanOptions extends ProposedPlanOptions {
  /** Its policy; without such a file the policy refuses everything. */
  readonly policyFile: string;
  /** The records: their declaration is held against the plan, where it has a data schema. Nothing of them is read. */
  readonly dataDirectory?: string | undefined;
}

/** A proposed plan, and what this participant's policy says to it. Nothing is approved. */
export interface ShownPlan {
  readonly plan: Plan;
  /** Hex. */
  readonly planHash: string;
  /** Operator who signed it. */
  readonly proposer: string;
  /** What it means, in sentences. */
  readonly lines: readonly string[];
  /** How it differs from the plan it was to be compared with, as lines; none when it was not to be. */
  readonly changes: readonly string[];
  /** Of the policy and of the records, rule by rule, as they would be held against the plan now. */
  readonly rules: readonly RuleResult[];
  /** Who refused it in the run that goes on or ended last, as the coordinator says; none where the plan does not make that visible. */
  readonly refusals: readonly PlanRefusal[];
  /** Whom the policy asks beside, and what they decided with the roster of today; absent without a policy. */
  readonly standing?: PlanStanding;
}

/**
 * Fetch a plan by its digest, verify it, and hold the policy in the directory against it.
 *
 * @throws as {@link fetchProposedPlan}; `state-lost` when a decision on it does not read.
 */
export async function showPlan(options: ShowPlanOptions): Promise<ShownPlan> {
  const { crypto = nodeCrypto, wallMillis = Date.now, dataDirectory, against } = options;
  const proposed = await fetchProposedPlan(options);
  const { plan, planHash, proposer, refusals } = proposed;
  const policy = await readPolicy(options.policyFile);
  const declaration = dataDirectory === undefined ? undefined : await readDeclaration(dataDirectory);
  const now = wallMillis();
  return {
    plan,
    planHash: toHex(planHash),
    proposer,
    lines: describePlan(plan),
    changes: against === undefined ? [] : changeLines(proposed.against, plan),
    refusals,
    ...(await judgePlan(proposed, { policy, records: recordsHere(declaration?.schema, {}), crypto, now })),
  };
}

/** What a plan is held against, and when. */
export interface Judges {
  readonly policy: Policy | undefined;
  readonly records: RecordsHere;
  readonly crypto: CryptoPort;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Hold policy, records and people's decisions against a plan, as a client would that it is offered to. Nothing is approved.
 *
 * @throws `verification` when the roster of today is a fork of the one held here, or older; `state-lost` when a decision does not read.
 */
export async function judgePlan(
  proposed: ProposedPlan,
  { policy, records, crypto, now }: Judges,
): Promise<Pick<ShownPlan, 'rules' | 'standing'>> {
  const { plan, proposer } = proposed;
  return {
    rules: [
      ...evaluatePolicy(policy, { plan, proposer, now, ...successionOf(proposed, policy, crypto) }),
      ...checkRecords(plan, records, policy),
    ],
    ...(policy === undefined ? {} : { standing: await standingHere(proposed, { policy, crypto, now }) }),
  };
}

// Also when nothing was approved yet: a fork of the epoch held since enrolment, or an older one, throws here.
function successionOf({ keys, roster, approvedBefore }: ProposedPlan, policy: Policy | undefined, crypto: CryptoPort) {
  if (equalBytes(keys.roster.hash, roster.hash)) return {};
  const additions = policy?.roster.additions ?? 'ask';
  const succession = acceptRoster(crypto, keys.roster, roster, { additions });
  return approvedBefore ? { succession } : {};
}

async function standingHere(
  { keys, plan, planHash, roster }: ProposedPlan,
  { policy, crypto, now }: { readonly policy: Policy; readonly crypto: CryptoPort; readonly now: number },
): Promise<PlanStanding> {
  const { consortium, participantId } = keys.enrolment;
  const decisions = await readDecisions({ directory: keys.directory, consortium, participantId, crypto }, planHash);
  const { identityKey } = keys;
  return standingOf({ policy, identityKey, plan, rosterHash: roster.hash, decisions, now });
}
