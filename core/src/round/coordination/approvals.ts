import { bounds } from '../../wire/bounds.js';
import {
  type ApprovalTally,
  approvalRuleInWords,
  type PlanRefusal,
  type PlanWord,
  refusalsForOthers,
  tallyApprovals,
} from '../approval-rule.js';
import { listed } from '../listed.js';
import { finish } from './outcome.js';
import { type Context, type CoordinationState, type CoordinationStep, chain, withEffects } from './state.js';
import { timerName, timersOf } from './timers.js';
import type { Wait } from './waiting.js';

/** How the approvals of a run's plan stand against the plan's rule. */
export function approvalsOf({ options, words }: CoordinationState): ApprovalTally {
  return tallyApprovals(options.plan.approval, [...options.roster.keys()], words);
}

/** Whom the other participants may know to have refused, and by which rule; nobody where the plan hides refusals. */
export function visibleRefusals(state: CoordinationState): readonly PlanRefusal[] {
  return areRefusalsVisible(state) ? refusalsForOthers(approvalsOf(state).refused) : [];
}

/** Whether the first round may begin: before it the rule holds, and after it the rule asks for nothing more. */
export function approvalsHold(state: CoordinationState): boolean {
  return state.round > 0 || approvalsOf(state).standing === 'held';
}

/** Wait for approvals until the plan can no longer be approved, or wait again after a restart: the plan's time goes on meanwhile. */
export function awaitApprovals(state: CoordinationState, context: Context): CoordinationStep {
  const deadline = state.approvableUntil;
  const waiting = { ...state, stage: { type: 'approve', deadline } } as const;
  return chain(withEffects(waiting, approvalTimer(deadline, context)), considerApprovals);
}

/** Somebody approved or refused: begin as soon as the rule holds, and end when it cannot hold any more. */
export function considerApprovals(state: CoordinationState): CoordinationStep {
  if (state.stage.type !== 'approve') return withEffects(state);
  const tally = approvalsOf(state);
  if (tally.standing === 'open') return withEffects(state);
  const quiet = timersOf(state.stage).map((name) => ({ type: 'cancel-timer', name }) as const);
  if (tally.standing === 'held') return withEffects({ ...state, stage: { type: 'next' } }, ...quiet);
  const reason = `${waitedFor(state)}, which cannot come any more: ${refusals(state, tally)}`;
  return chain(withEffects(state, ...quiet), (after) => finish(after, 'aborted', reason, 'approval.refused'));
}

/** The timer fired: the plan can no longer be approved, or its time is longer than a timer runs. */
export function endApprovals(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'approve') return withEffects(state);
  const { deadline } = state.stage;
  if (context.now < deadline) return withEffects(state, approvalTimer(deadline, context));
  const { required, approved } = approvalsOf(state);
  const { expires } = state.options.plan.approval;
  const reason = `${waitedFor(state)}; when the plan could no longer be approved (${expires}), ${approved.length} of ${required} had: ${listed(lacking(state))} had not`;
  return finish(state, 'aborted', reason, 'approval.late');
}

/** Who has not approved yet. Where refusals are hidden, participants hear of those who refused as of those who said nothing. */
export function approvalsWait(state: CoordinationState, now: number): Wait | undefined {
  if (state.stage.type !== 'approve') return undefined;
  const { required, approved, refused, awaited } = approvalsOf(state);
  const { expires } = state.options.plan.approval;
  const outlook = 'the run ends';
  return {
    round: state.round + 1,
    phase: 'approve',
    awaited,
    ...(areRefusalsVisible(state) ? {} : { told: lacking(state) }),
    of: approved.length + refused.length + awaited.length,
    remainingMillis: Math.max(0, state.stage.deadline - now),
    // biome-ignore lint/suspicious/noThenProperty: a sentence, the word of the protocol; never awaited.
    then: `${outlook}, unless at least ${required} have approved by ${expires} (${approved.length} have)`,
    outlook,
  };
}

/** Note a participant's last word on the plan; journalled, since it counts after a restart as before. */
export function noteWord(state: CoordinationState, participant: string, word: PlanWord): CoordinationStep {
  const noted = { ...state, words: new Map(state.words).set(participant, word) };
  if (word.type === 'approved') return withEffects(noted);
  const before = state.words.get(participant);
  if (before?.type === 'refused' && before.rule === word.rule) return withEffects(state);
  return withEffects(noted, { type: 'journal', record: { type: 'refused', participant, rule: word.rule } });
}

function approvalTimer(deadline: number, { now }: Context) {
  const afterMillis = Math.min(Math.max(0, deadline - now), bounds.durationMillisMax);
  return { type: 'set-timer', name: timerName.approve, afterMillis } as const;
}

function waitedFor({ options }: CoordinationState): string {
  return `the first round waited for ${approvalRuleInWords(options.plan.approval)}`;
}

function refusals(state: CoordinationState, { refused, required, approved }: ApprovalTally): string {
  const count = `${approved.length} of ${required} approved, ${refused.length} refused`;
  if (!areRefusalsVisible(state)) return count;
  return `${count} (${listed(refusalsForOthers(refused).map(({ participant, rule }) => `${participant}: ${rule}`))})`;
}

function lacking(state: CoordinationState): readonly string[] {
  const { refused, awaited } = approvalsOf(state);
  return [...awaited, ...refused.map(({ participant }) => participant)].sort();
}

function areRefusalsVisible({ options }: CoordinationState): boolean {
  return options.plan.approval.refusals === 'visible';
}
