import { equalBytes } from '../../bytes.js';
import { FederatedError } from '../../errors.js';
import type { SessionReply } from '../../wire/messages.js';
import { signedOf } from '../../wire/signed-reply.js';
import { takeAbort } from './abort.js';
import { takeAdvert } from './advertise.js';
import { takeLateStatement, takeStatement, takeStatementInVain } from './certify.js';
import { takeConfirmation } from './confirm.js';
import type { AggregatorPorts } from './contract.js';
import { takeLateReveal, takeReveal } from './reveal.js';
import { takeShare } from './share.js';
import {
  type AbortedPhase,
  type AbortingPhase,
  type AggregatorState,
  type AggregatorStep,
  answerKey,
  type LivePhase,
  type OpenedPhase,
  reject,
  withAbsent,
} from './state.js';
import { takeHeader, type UploadAnswer, uploadAnswer } from './upload.js';

/**
 * Take what one participant sent into the step it belongs to. Content that contradicts the protocol excludes its sender: recorded,
 * answered with the error, awaited no more.
 */
export function takeReply(ports: AggregatorPorts, state: LivePhase, from: string, frame: SessionReply): AggregatorStep {
  const before = repeatedAnswer(ports, state, from, frame);
  if (before !== undefined) return before;
  if (state.absent.has(from)) return notNow(state, from, frame);
  try {
    return takeAnswer(ports, state, from, frame);
  } catch (error) {
    if (!(error instanceof FederatedError) || error.code === 'internal') throw error;
    return exclude(state, from, frame, error);
  }
}

/**
 * After the end: repeats are acknowledged, and so is the good answer of a participant that was slower than the T others who were enough.
 * Anything else is not expected any more.
 */
export function takeLateReply(
  ports: AggregatorPorts,
  state: Exclude<AggregatorState, LivePhase>,
  from: string,
  frame: SessionReply,
): AggregatorStep {
  const before = repeatedAnswer(ports, state, from, frame);
  if (before !== undefined) return before;
  if (state.phase === 'abandoned') return notNow(state, from, frame);
  const index = state.cohort.findIndex((member) => member.participantId === from);
  if (index === -1) return notNow(state, from, frame);
  try {
    return state.phase === 'opened'
      ? takeAfterOpening(ports, state, index, frame)
      : takeAfterGivingUp(ports, state, index, frame);
  } catch (error) {
    if (!(error instanceof FederatedError) || error.code === 'internal') throw error;
    return reject(state, { from, step: frame.type, error });
  }
}

function takeAfterOpening(
  ports: AggregatorPorts,
  state: OpenedPhase,
  index: number,
  frame: SessionReply,
): AggregatorStep {
  if (frame.type === 'certify') return takeLateStatement(ports, state, index, frame);
  const isDealer = state.dealers.includes(index);
  if (isDealer && frame.type === 'reveal') return takeLateReveal(ports, state, index, frame);
  return notNow(state, state.cohort[index]!.participantId, frame);
}

// Whoever left the session before may abort it all the same.
function takeAfterGivingUp(
  ports: AggregatorPorts,
  state: AbortingPhase | AbortedPhase,
  index: number,
  frame: SessionReply,
): AggregatorStep {
  if (frame.type === 'abort') return takeAbort(ports, state, index, frame);
  const { proposed } = state;
  if (frame.type === 'certify' && proposed !== undefined) {
    return takeStatementInVain(ports, state, proposed, index, frame);
  }
  return notNow(state, state.cohort[index]!.participantId, frame);
}

function takeAnswer(ports: AggregatorPorts, state: LivePhase, from: string, frame: SessionReply): AggregatorStep {
  if (state.phase === 'advertise') {
    const invited = state.options.invited.includes(from);
    return invited && frame.type === 'advertise' ? takeAdvert(ports, state, from, frame) : notNow(state, from, frame);
  }
  const index = state.cohort.findIndex((member) => member.participantId === from);
  if (index === -1) return notNow(state, from, frame);
  if (state.phase === 'share' && frame.type === 'share') return takeShare(ports, state, index, frame);
  if (state.phase === 'confirm' && frame.type === 'confirm' && state.deals.has(index)) {
    return takeConfirmation(ports, state, index, frame);
  }
  const isDealer = 'dealers' in state && state.dealers.includes(index);
  if (state.phase === 'upload' && frame.type === 'upload' && isDealer) return takeHeader(ports, state, index, frame);
  if (state.phase === 'certify' && frame.type === 'certify') return takeStatement(ports, state, index, frame);
  if (state.phase === 'reveal' && frame.type === 'certify') return takeLateStatement(ports, state, index, frame);
  if (state.phase === 'reveal' && frame.type === 'reveal' && isDealer) return takeReveal(ports, state, index, frame);
  return notNow(state, from, frame);
}

// The same content is acknowledged again, also when its step is over; other content in its place is a conflict.
function repeatedAnswer(
  ports: AggregatorPorts,
  state: AggregatorState,
  from: string,
  frame: SessionReply,
): AggregatorStep | undefined {
  const step = frame.type;
  const contentDigest = ports.crypto.sha256(signedOf(frame).body);
  const uploading: UploadAnswer | undefined = step === 'upload' ? uploadAnswer(state, from) : undefined;
  const accepted = state.answers.get(answerKey(step, from));
  const before = accepted ?? uploading?.contentDigest;
  if (before === undefined) return undefined;
  if (!equalBytes(before, contentDigest)) {
    const error = new FederatedError('conflict', `another ${step} message was accepted already`, {
      detail: { participant: from, step },
      fix: 'send the first one again; one state directory must not serve two clients',
    });
    return reject(state, { from, step, error });
  }
  if (accepted === undefined && uploading !== undefined) return { state, effects: [uploading] };
  return { state, effects: [{ type: 'accepted', from, step, contentDigest }] };
}

function exclude(state: LivePhase, from: string, frame: SessionReply, error: FederatedError): AggregatorStep {
  const reason = typeof error.detail.rule === 'string' ? error.detail.rule : error.code;
  const blamed = { type: 'journal', record: { type: 'blamed', participant: from, reason } } as const;
  return {
    state: withAbsent(state, from, error.message),
    effects: [blamed, { type: 'rejected', from, step: frame.type, error }],
  };
}

function notNow(state: AggregatorState, from: string, frame: SessionReply): AggregatorStep {
  const step = frame.type;
  const error = new FederatedError('protocol', `a ${step} message is not expected now`, {
    detail: { step, phase: state.phase },
    fix: 'wait for the next round',
  });
  return reject(state, { from, step, error });
}
