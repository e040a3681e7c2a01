import {
  equalBytes,
  type FederatedError,
  fromBase64url,
  type Plan,
  type PlanDecision,
  participantRole,
  refusal,
} from '@concordat/core';
import type { Policy } from '../policy/policy.js';

/** What one role has decided on a plan with a roster, by now. Times are milliseconds since 1970. */
export type RoleStanding =
  | { readonly role: string; readonly state: 'approved'; readonly until: number }
  | { readonly role: string; readonly state: 'missing' }
  /** Signed by a clock that is ahead of ours. */
  | { readonly role: string; readonly state: 'not-yet'; readonly from: number }
  /** Approved with other members than the run has now. */
  | { readonly role: string; readonly state: 'other-roster' }
  | { readonly role: string; readonly state: 'expired'; readonly since: number }
  | { readonly role: string; readonly state: 'withdrawn'; readonly since: number };

/** Whether a plan is approved here, and until when. */
export interface PlanStanding {
  /** Of every role that the policy asks; none where it approves by itself. */
  readonly roles: readonly RoleStanding[];
  /** When the participant itself took the plan back, and nobody approved it anew since. */
  readonly withdrawn?: number;
  /** First moment at which it is not approved any more; of the plan itself while somebody is awaited. */
  readonly until: number;
}

export interface StandingOptions {
  readonly policy: Pick<Policy, 'approval' | 'approvers'>;
  /** Of the participant: speaks where the policy names no roles, and may take back for everybody. */
  readonly identityKey: Uint8Array;
  readonly plan: Pick<Plan, 'approval'>;
  readonly rosterHash: Uint8Array;
  /** On this plan, for this participant, each signed by the key it names; see `readDecisions`. */
  readonly decisions: readonly PlanDecision[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Approved = Extract<PlanDecision, { decision: 'approved' }>;

/** Hold what was decided against what the policy asks for. Fails closed: a key that the policy does not name decides nothing. */
export function standingOf(options: StandingOptions): PlanStanding {
  const { policy, identityKey, plan, decisions } = options;
  const own = ofRole(decisions, participantRole, [identityKey]);
  const takenBack = lastWithdrawal(own);
  const planExpires = Date.parse(plan.approval.expires);
  if (policy.approval === 'automatic') {
    const anew = own.some(({ decision, issuedAt }) => decision === 'approved' && issuedAt > takenBack);
    return { roles: [], until: planExpires, ...(takenBack < 0 || anew ? {} : { withdrawn: takenBack }) };
  }
  const roles = [...requiredRoles(policy, identityKey)].map(([role, keys]) =>
    roleStanding(role, ofRole(decisions, role, keys), takenBack, options),
  );
  const until = roles.reduce(
    (least, one) => (one.state === 'approved' ? Math.min(least, one.until) : least),
    planExpires,
  );
  return { roles, until };
}

/** Role → keys that may speak in it: one of each role is needed. */
export function requiredRoles(
  { approval, approvers }: Pick<Policy, 'approval' | 'approvers'>,
  identityKey: Uint8Array,
): ReadonlyMap<string, readonly Uint8Array[]> {
  if (approval === 'automatic') return new Map();
  if (approvers === undefined) return new Map([[participantRole, [identityKey]]]);
  // A service that could sign for a person would make that person's approval its own.
  const keysOf = (texts: readonly string[]) => texts.map(fromBase64url).filter((key) => !equalBytes(key, identityKey));
  return new Map(Object.entries(approvers).map(([role, texts]) => [role, keysOf(texts)]));
}

/** Why the plan may not be taken part in now; undefined when it may. A no comes before a lapse, and that before silence. */
export function whyNotApproved({ roles, withdrawn, until }: PlanStanding, now: number): FederatedError | undefined {
  const bars = roles.filter(({ state }) => state !== 'approved');
  const no = bars.find((one) => one.state === 'withdrawn');
  const since = withdrawn ?? (no?.state === 'withdrawn' ? no.since : undefined);
  if (since !== undefined) {
    return refusal('approval.withdrawn', 'the approval of the plan was taken back here', {
      required: 'a plan that is approved',
      offered: `withdrawn ${new Date(since).toISOString()}`,
    });
  }
  const lapsed = bars.find((one) => one.state === 'expired');
  if (now >= until || lapsed !== undefined) {
    const at = lapsed?.state === 'expired' ? lapsed.since : until;
    return refusal('approval.expired', 'the approval of the plan has run out here', {
      required: `an approval after ${new Date(now).toISOString()}`,
      offered: new Date(at).toISOString(),
    });
  }
  if (bars.length === 0) return undefined;
  return refusal('approval.missing', 'nobody has approved the plan here yet whom the policy asks', {
    required: roles.map(({ role }) => role).join(', '),
    offered: bars.map(roleText).join('; '),
  });
}

/** A role and where it stands, for a person: `dpo: missing`. */
export function roleText(one: RoleStanding): string {
  const at = (millis: number) => new Date(millis).toISOString();
  switch (one.state) {
    case 'approved':
      return `${one.role}: approved until ${at(one.until)}`;
    case 'missing':
      return `${one.role}: has not approved`;
    case 'not-yet':
      return `${one.role}: approves from ${at(one.from)}, which is ahead of the clock here`;
    case 'other-roster':
      return `${one.role}: approved another roster than the one of today`;
    case 'expired':
      return `${one.role}: approval ran out on ${at(one.since)}`;
    case 'withdrawn':
      return `${one.role}: took it back on ${at(one.since)}`;
  }
}

function ofRole(
  decisions: readonly PlanDecision[],
  role: string,
  keys: readonly Uint8Array[],
): readonly PlanDecision[] {
  return decisions.filter((one) => one.role === role && keys.some((key) => equalBytes(key, one.publicKey)));
}

/** −1 when nothing was taken back. */
function lastWithdrawal(decisions: readonly PlanDecision[]): number {
  return decisions.reduce((last, one) => (one.decision === 'withdrawn' ? Math.max(last, one.issuedAt) : last), -1);
}

function roleStanding(
  role: string,
  decisions: readonly PlanDecision[],
  takenBack: number,
  { rosterHash, plan, now }: StandingOptions,
): RoleStanding {
  const since = Math.max(takenBack, lastWithdrawal(decisions));
  const given = decisions.filter((one): one is Approved => one.decision === 'approved' && one.issuedAt > since);
  if (given.length === 0) return since < 0 ? { role, state: 'missing' } : { role, state: 'withdrawn', since };
  const here = given.filter((one) => equalBytes(one.rosterHash, rosterHash));
  if (here.length === 0) return { role, state: 'other-roster' };
  const begun = here.filter(({ issuedAt }) => issuedAt <= now);
  if (begun.length === 0) return { role, state: 'not-yet', from: Math.min(...here.map(({ issuedAt }) => issuedAt)) };
  const until = Math.min(Date.parse(plan.approval.expires), Math.max(...begun.map(({ expires }) => expires)));
  return until > now ? { role, state: 'approved', until } : { role, state: 'expired', since: until };
}
