import {
  approvalRuleInWords,
  type FederatedError,
  type Plan,
  type RosterSuccession,
  type Rule,
  refusal,
} from '@concordat/core';
import type { Policy } from './policy.js';

/** One rule of a policy held against one plan. */
export interface RuleResult {
  /** Dotted, e.g. `cohort.min`. */
  readonly rule: Rule<'refused'>;
  readonly passed: boolean;
  readonly required: string | number | boolean;
  readonly offered: string | number | boolean;
  /** What to do when it did not pass. */
  readonly fix: string;
}

/** What the policy is held against. */
export interface Proposal {
  readonly plan: Plan;
  /** Operator who signed the plan, from the roster. */
  readonly proposer: string;
  /** How the roster differs from the one approved last; absent when none was approved yet. */
  readonly succession?: RosterSuccession;
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
}

/** Below this many participants a sum says so much about each that differential privacy is asked for. */
const smallCohort = 10;

/**
 * Hold a participant's policy against a plan, rule by rule. Fails closed: without a policy, and by every rule that the
 * policy does not relax.
 */
export function evaluatePolicy(policy: Policy | undefined, proposal: Proposal): RuleResult[] {
  if (policy === undefined) return [noPolicy];
  return [
    ...whoAndWhat(policy, proposal),
    ...howMany(policy, proposal.plan),
    ...whatLeaves(policy, proposal.plan),
    ...consent(policy, proposal),
  ];
}

/** The first rule that did not pass, as an error; undefined when all passed. */
export function policyRefusal(results: readonly RuleResult[]): FederatedError | undefined {
  const failed = results.find(({ passed }) => !passed);
  if (failed === undefined) return undefined;
  const { rule, required, offered, fix } = failed;
  return refusal(rule, `the policy requires ${rule} ${required}; the plan offers ${offered}`, {
    required,
    offered,
    fix,
  });
}

const noPolicy: RuleResult = {
  rule: 'policy',
  passed: false,
  required: 'a policy file',
  offered: 'none',
  fix: 'Write policy.yaml: without one every plan is refused.',
};

function whoAndWhat(policy: Policy, { plan, proposer }: Proposal): RuleResult[] {
  const { topologyDigest } = plan.task.model;
  return [
    oneOf('proposers', policy.proposers, proposer, 'Add the operator to proposers, if you know it.'),
    oneOf(
      'purposes',
      policy.purposes,
      plan.purpose,
      'Add the purpose to purposes, word for word, if you agree with it.',
    ),
    ...(policy.models === undefined
      ? []
      : [
          oneOf(
            'models',
            policy.models,
            topologyDigest,
            'Add the topology digest to models after looking at the model.',
          ),
        ]),
    ...(policy.dataSchemas === undefined
      ? []
      : [
          oneOf(
            'dataSchemas',
            policy.dataSchemas,
            plan.task.dataSchemaDigest,
            'Ask the operator for a plan over the records you have, or add its data schema to dataSchemas.',
          ),
        ]),
  ];
}

function howMany(policy: Policy, plan: Plan): RuleResult[] {
  const { minSurvivors, maxColluders } = plan.secureAggregation;
  const relaxed = 'Ask for a plan with more, or lower the number in policy.yaml.';
  return [
    atLeast('cohort.min', policy.cohort.min, plan.cohort.min, relaxed),
    atLeast('survivors.min', policy.survivors.min, minSurvivors, relaxed),
    atLeast('maxColluders', policy.maxColluders, maxColluders, relaxed),
    differentialPrivacy(policy, plan),
    aggregateCheck(policy, plan),
  ];
}

function aggregateCheck({ aggregateCheck: required }: Policy, plan: Plan): RuleResult {
  const { aggregateCheck: offered } = plan.secureAggregation;
  return {
    rule: 'aggregateCheck',
    passed: required === 'optional' || offered === 'on',
    required,
    offered,
    fix: 'Ask for a plan with "aggregateCheck": "on", or set "aggregateCheck: optional" in policy.yaml.',
  };
}

function differentialPrivacy(policy: Policy, plan: Plan): RuleResult {
  const asked = policy.differentialPrivacy ?? (plan.cohort.min < smallCohort ? 'required' : 'optional');
  return {
    rule: 'differentialPrivacy',
    passed: asked === 'optional' || (plan.privacy.mechanism as string) !== 'none',
    required: asked,
    offered: plan.privacy.mechanism,
    fix: `Plans for fewer than ${smallCohort} participants, as in a demonstration, need "differentialPrivacy: optional" in policy.yaml: the sum itself can tell about single participants.`,
  };
}

function whatLeaves(policy: Policy, plan: Plan): RuleResult[] {
  const foreign = plan.metrics.map(({ name }) => name).filter((name) => !policy.metrics.includes(name));
  return [
    {
      rule: 'weighting.exactCounts',
      passed: policy.weighting.exactCounts || plan.weighting !== 'examples',
      required: policy.weighting.exactCounts ? 'any weighting' : 'equal or powers-of-two',
      offered: plan.weighting,
      fix: 'Ask for another weighting, or set "weighting: {exactCounts: true}".',
    },
    {
      rule: 'metrics',
      passed: foreign.length === 0,
      required: policy.metrics.join(', ') || 'none',
      offered: plan.metrics.map(({ name }) => name).join(', ') || 'none',
      fix: `Add ${foreign.join(', ')} to metrics, or ask for a plan without.`,
    },
  ];
}

function consent(policy: Policy, { plan, succession, now }: Proposal): RuleResult[] {
  const expires = Date.parse(plan.approval.expires);
  return [
    {
      rule: 'approval.expires',
      passed: now < expires,
      required: `after ${new Date(now).toISOString()}`,
      offered: plan.approval.expires,
      fix: 'Ask for a new plan, and check the clock of this machine.',
    },
    ...(policy.firstRound === 'any' ? [] : [allApproved(plan.approval)]),
    {
      rule: 'roster.additions',
      passed: succession?.type !== 'needs-approval' || changesAllowed(policy, succession),
      required: requiredOfChanges(policy),
      offered: succession === undefined ? 'first roster' : describeChanges(succession),
      fix: 'Compare the fingerprints with the operator and the members. "approval: manual" has a person approve them with the plan; "roster: {additions: auto}" accepts members that are new or have another key.',
    },
  ];
}

function allApproved(approval: Plan['approval']): RuleResult {
  const isOfAll = approval.rule === 'all' || (approval.rule === 'share' && approval.parts === approval.of);
  return {
    rule: 'approval.rule',
    passed: isOfAll,
    required: 'the approval of every participant of the roster',
    offered: approvalRuleInWords(approval),
    fix: 'Ask the operator for a plan with approval.rule all, or leave firstRound out if you agree to begin without the others.',
  };
}

/**
 * Where people approve, they approve a plan with the roster it is run with: whatever differs is theirs to see, and no run is approved with
 * another one. Otherwise `auto` lets in members. A member with another entry is one too, since leaving it out, which nobody is asked about,
 * and adding it anew come to the same; and epochs between may be missing: then only what differs counts.
 */
function changesAllowed(policy: Policy, succession: Extract<RosterSuccession, { type: 'needs-approval' }>): boolean {
  if (policy.approval === 'manual') return true;
  const { altered } = succession.changes;
  const isOfMembers = (change: string) => change.startsWith('member ') || change.startsWith('epochs ');
  return policy.roster.additions === 'auto' && altered.every(isOfMembers);
}

function requiredOfChanges({ approval, roster }: Policy): string {
  if (approval === 'manual') return 'a roster that people approve with the plan';
  return roster.additions === 'auto' ? 'other members only' : 'no member that was not approved';
}

function describeChanges(succession: RosterSuccession): string {
  if (succession.type === 'unchanged') return 'unchanged';
  const { added, removed, rotated, altered } = succession.changes;
  const parts = [
    ['added', added],
    ['removed', removed],
    ['rotated', rotated],
    ['altered', altered],
  ] as const;
  const said = parts.filter(([, ids]) => ids.length > 0).map(([what, ids]) => `${what} ${ids.join(', ')}`);
  return said.join('; ').slice(0, 500);
}

function oneOf(rule: Rule<'refused'>, required: readonly string[], offered: string, fix: string): RuleResult {
  return { rule, passed: required.includes(offered), required: required.join(' | ').slice(0, 500), offered, fix };
}

function atLeast(rule: Rule<'refused'>, required: number, offered: number, fix: string): RuleResult {
  return { rule, passed: offered >= required, required, offered, fix };
}
