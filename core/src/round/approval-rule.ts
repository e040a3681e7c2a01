import { listed } from './listed.js';

/**
 * Who has to approve before the first round. `each`: whoever approved takes part, and nobody waits for others. `all`: every participant of
 * the roster. `share`: at least `parts` of every `of` participants of the roster, rounded up. `named`: these; others may.
 */
export type ApprovalRule =
  | { readonly rule: 'each' }
  | { readonly rule: 'all' }
  | { readonly rule: 'share'; readonly parts: number; readonly of: number }
  | { readonly rule: 'named'; readonly participants: readonly string[] };

/** A participant's last word on the plan. `rule`: by which it refused, or its code; never a sentence. */
export type PlanWord = { readonly type: 'approved' } | { readonly type: 'refused'; readonly rule: string };

export interface PlanRefusal {
  readonly participant: string;
  readonly rule: string;
}

/** How the approvals of a plan stand against its rule. Names are sorted. */
export interface ApprovalTally {
  /** How many of those whose word counts have to approve. */
  readonly required: number;
  readonly approved: readonly string[];
  readonly refused: readonly PlanRefusal[];
  /** Who has said nothing that holds. */
  readonly awaited: readonly string[];
  /** `impossible`: too many refused, or are not in the roster. */
  readonly standing: 'held' | 'open' | 'impossible';
}

/**
 * Hold what was said against the rule.
 *
 * @param roster ids of all participants. @param words the last word of each, also of those whose word does not count.
 */
export function tallyApprovals(
  rule: ApprovalRule,
  roster: readonly string[],
  words: ReadonlyMap<string, PlanWord>,
): ApprovalTally {
  const members = new Set(roster);
  const counted = (rule.rule === 'named' ? rule.participants : roster).filter((one) => members.has(one)).sort();
  const required = approvalsRequired(rule, roster.length);
  const approved = counted.filter((one) => words.get(one)?.type === 'approved');
  const awaited = counted.filter((one) => !words.has(one));
  const refused = counted.flatMap((participant) => {
    const word = words.get(participant);
    return word?.type === 'refused' ? [{ participant, rule: word.rule }] : [];
  });
  return { required, approved, refused, awaited, standing: standingOf(required, approved.length, awaited.length) };
}

/** Refusals as other participants may see them: what a rule about records would tell of somebody's records stays with the operator. */
export function refusalsForOthers(refused: readonly PlanRefusal[]): readonly PlanRefusal[] {
  const isAboutRecords = (rule: string) => rule.startsWith('data.') || rule === 'examples.min';
  return refused.map(({ participant, rule }) => ({ participant, rule: isAboutRecords(rule) ? 'refused' : rule }));
}

/** How many approvals a rule asks for in a roster of `participants`. */
export function approvalsRequired(rule: ApprovalRule, participants: number): number {
  switch (rule.rule) {
    case 'each':
      return 0;
    case 'all':
      return participants;
    // Whole numbers: 2 of 3 in a roster of 9 is 6, where two thirds as a decimal fraction would be 7.
    case 'share':
      return Math.ceil((participants * rule.parts) / rule.of);
    case 'named':
      return rule.participants.length;
  }
}

function standingOf(required: number, approved: number, awaited: number): ApprovalTally['standing'] {
  if (approved >= required) return 'held';
  return approved + awaited >= required ? 'open' : 'impossible';
}

/** The rule as the end of a sentence that begins with "the first round waits for". */
export function approvalRuleInWords(rule: ApprovalRule): string {
  switch (rule.rule) {
    case 'each':
      return 'nobody: whoever approved takes part';
    case 'all':
      return 'the approval of every participant of the roster';
    case 'share':
      return `the approval of at least ${rule.parts} of every ${rule.of} participants of the roster`;
    case 'named':
      return `the approval of ${listed(rule.participants)}`;
  }
}
