import { equalBytes, utf8Encode } from '../../bytes.js';
import { type ErrorCode, errorCodes, FederatedError } from '../../errors.js';
import { decodeApproval } from '../../roster/approval.js';
import { type Rule, rulesOf } from '../../rules.js';
import { verifyBody } from '../../secagg/signing.js';
import type { ParticipantMessage } from '../../wire/messages.js';
import type { PlanWord } from '../approval-rule.js';
import { considerApprovals, noteWord } from './approvals.js';
import { considerBuffers, refreshTrainings } from './buffers.js';
import { groupOf } from './groups.js';
import { farewell } from './outcome.js';
import { considerSelection } from './select.js';
import { stepSession } from './session.js';
import {
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  groupsOf,
  type Person,
  withEffects,
} from './state.js';
import { considerOpening, leaveTraining } from './train.js';
import { comeBack, declineTraining, trainingMessages, trainingOf } from './trainings.js';
import { unsettledMessages } from './unsettled.js';

type Message<T extends ParticipantMessage['type']> = Extract<ParticipantMessage, { type: T }>;

/**
 * A client opened its stream. It is offered the run; one that has a place in the round under way keeps it and is told
 * everything of this round again, since what was sent while it was away is lost.
 */
export function checkIn(state: CoordinationState, participant: string, context: Context): CoordinationStep {
  if (!state.options.roster.has(participant)) return withEffects(state);
  const attempt = attemptOf(state);
  const told = attempt?.told.get(participant) ?? [];
  const known = state.people.get(participant);
  const standing = told.length > 0 && known !== undefined ? known.standing : 'offered';
  const joined = withPerson(unready(state, participant), participant, { connected: true, standing });
  const report = { type: 'report', progress: { type: 'joined', participant } } as const;
  const { stage } = state;
  const paused = stage.type === 'paused' ? [{ type: 'paused', reason: stage.reason } as const] : [];
  const training = trainingMessages(joined, participant);
  const again = [...unsettledMessages(state, participant), ...told, ...training, ...paused].map(
    (message) => ({ type: 'send', to: participant, message }) as const,
  );
  // Who comes and goes behind the end is no news of the run: it would stand behind the last word.
  if (stage.type === 'over') return withEffects(joined, { type: 'send', to: participant, message: farewell(state) });
  const { runId, planHash, rosterHash } = state.options;
  return chain(
    withEffects(
      joined,
      report,
      { type: 'send', to: participant, message: { type: 'run', runId, planHash, rosterHash } },
      ...again,
    ),
    (during) => reconsider(during, context),
  );
}

/** A stream closed. In a session the participant counts as absent only at the step's deadline. */
export function leave(state: CoordinationState, participant: string, context: Context): CoordinationStep {
  const person = state.people.get(participant);
  if (person === undefined || !person.connected) return withEffects(state);
  const left = withPerson(state, participant, { ...person, connected: false });
  if (state.stage.type === 'over') return withEffects(left);
  return chain(withEffects(left, { type: 'report', progress: { type: 'left', participant } }), (during) =>
    reconsider(during, context),
  );
}

/** A participant approved plan and roster. */
export function noteApproval(
  state: CoordinationState,
  from: string,
  message: Message<'approved'>,
  context: Context,
): CoordinationStep {
  const { options } = state;
  const { planHash, rosterHash, roster } = options;
  const reject = (error: FederatedError) =>
    withEffects(state, { type: 'rejected', participant: from, round: 0, step: 'approve', error });
  const entry = roster.get(from);
  if (entry === undefined || state.stage.type === 'over') {
    return reject(new FederatedError('protocol', `the run does not wait for an approval of ${from}`));
  }
  if (!equalBytes(message.planHash, planHash) || !equalBytes(message.rosterHash, rosterHash)) {
    return reject(
      new FederatedError('conflict', 'the approval is of another plan or roster', {
        fix: 'Check in again and read the offer.',
      }),
    );
  }
  if (!covers(context, entry.publicKey, from, message)) {
    return reject(
      new FederatedError('verification', `the approval is not ${from}’s signature on this plan and roster`, {
        detail: { rule: 'approval.signature' },
      }),
    );
  }
  const contentDigest = context.ports.crypto.sha256(message.approval.body);
  const accepted = { type: 'accepted', participant: from, round: 0, step: 'approve', contentDigest } as const;
  const person = state.people.get(from);
  if (person?.standing === 'approved') return withEffects(state, accepted);
  const approved = withPerson(state, from, { connected: person?.connected ?? false, standing: 'approved' });
  return chain(
    withEffects(
      approved,
      { type: 'journal', record: { type: 'approved', participant: from, approval: message.approval } },
      accepted,
      { type: 'report', progress: { type: 'approved', participant: from } },
    ),
    (during) => chain(noteWord(during, from, { type: 'approved' }), (noted) => reconsider(noted, context)),
  );
}

/** Whether the signed approval is this participant's, and says what the message says. When it expires is the runner's to watch: no wall clock here. */
function covers(context: Context, publicKey: Uint8Array, from: string, message: Message<'approved'>): boolean {
  if (!verifyBody(context.ports.crypto, publicKey, 'concordat/approval', message.approval)) return false;
  try {
    const approval = decodeApproval(message.approval.body);
    return (
      approval.participantId === from &&
      equalBytes(approval.planHash, message.planHash) &&
      equalBytes(approval.rosterHash, message.rosterHash)
    );
  } catch {
    return false;
  }
}

/** A participant declines the plan (round 0) or its part in a round. That is its right and stops nobody else. */
export function noteDecline(
  state: CoordinationState,
  from: string,
  message: Message<'decline'>,
  context: Context,
): CoordinationStep {
  const { type: _, ...said } = message;
  const { round, step, code, rule } = said;
  const contentDigest = context.ports.crypto.sha256(
    utf8Encode(JSON.stringify([round, step, code, rule, said.message])),
  );
  const noted = withEffects(
    state,
    { type: 'accepted', participant: from, round, step: 'decline', contentDigest },
    { type: 'report', progress: { type: 'declined', participant: from, ...said } },
  );
  return chain(noted, (during) => {
    if (step === 'approve') return chain(noteRefusal(during, from, said), (after) => reconsider(after, context));
    const refused = takesBack(said) ? noteRefusal(during, from, said) : withEffects(during);
    return chain(refused, (after) => declineRound(after, from, said, context));
  });
}

type Said = Omit<Message<'decline'>, 'type'>;

/** It is not chosen any more until it approves again. What is cured by a repetition is no word on the plan. */
function noteRefusal(state: CoordinationState, from: string, said: Said): CoordinationStep {
  const person = state.people.get(from);
  if (person === undefined || state.stage.type === 'over') return withEffects(state);
  const refused = withPerson(state, from, { ...person, standing: 'refused' });
  return isPassing(said) ? withEffects(refused) : noteWord(refused, from, wordOf(said));
}

/** Trouble on the way, or a pause: it says nothing of the plan. */
function isPassing({ code, rule }: Said): boolean {
  return passingCodes.has(code) || rule === paused;
}

const paused: Rule<'refused'> = 'participation.paused';

/** Codes of a decline that tell of trouble on the way, not of a decision. */
const passingCodes: ReadonlySet<string> = new Set<ErrorCode>(['unavailable', 'deadline', 'internal']);

/** Rules by which a participant enters no round until it answers the offer again: its people or the organization said so. */
const takingBack: ReadonlySet<string> = new Set<Rule<'refused'>>([
  'approval.withdrawn',
  'approval.expired',
  'approval.missing',
  'participation.withdrawn',
  paused,
]);

function takesBack({ step, rule }: Said): boolean {
  return step === 'train' && takingBack.has(rule);
}

// Others may be told by which rule somebody refused: it is one of the closed list, never a word that a participant made up.
function wordOf({ code, rule }: Said): PlanWord {
  const known = errorCodes.find((one) => one === code) ?? 'refused';
  return { type: 'refused', rule: rulesOf(known).has(rule) ? rule : known };
}

function declineRound(state: CoordinationState, from: string, said: Said, context: Context): CoordinationStep {
  const { round } = said;
  const training = trainingOf(state, from, round);
  if (training !== undefined) return declineTraining(state, from, training, context);
  if (attemptOf(state)?.round !== round) return withEffects(state);
  const reason = `declined: ${said.message}`;
  if (state.stage.type === 'train') return leaveTraining(state, from, reason, context);
  const group = groupOf(groupsOf(state), from);
  if (group === undefined) return withEffects(state);
  return stepSession(state, group, { type: 'absent', from, reason }, context);
}

/** A client that comes back says again that it is ready, if it still is: a restarted one has to train first. */
function unready(before: CoordinationState, participant: string): CoordinationState {
  const state = comeBack(before, participant);
  if (state.stage.type !== 'train') return state;
  return { ...state, stage: { ...state.stage, ready: state.stage.ready.filter((other) => other !== participant) } };
}

function reconsider(state: CoordinationState, context: Context): CoordinationStep {
  const assigned = refreshTrainings(state, context);
  return chain(assigned, (during) => reconsiderStage(during, context));
}

function reconsiderStage(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type === 'approve') return considerApprovals(state);
  if (state.stage.type === 'buffer') return considerBuffers(state, context);
  if (state.stage.type === 'select') return considerSelection(state, context);
  if (state.stage.type === 'train') return considerOpening(state, context);
  return withEffects(state);
}

function withPerson(state: CoordinationState, participant: string, person: Person): CoordinationState {
  return { ...state, people: new Map(state.people).set(participant, person) };
}
