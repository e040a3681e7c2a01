import { FederatedError } from '../errors.js';
import type { SessionFrame } from '../wire/messages.js';
import { abort, acceptAbort, requireNotAborted } from './participant/abort.js';
import { advertise, requireSameOpen } from './participant/advertise.js';
import { certify, requireOneStatement } from './participant/certify.js';
import { confirm, requireSameBoxes } from './participant/confirm.js';
import type {
  ParticipantEvent,
  ParticipantOptions,
  ParticipantPorts,
  ParticipantRecord,
} from './participant/contract.js';
import { requireSameCertificate, reveal } from './participant/reveal.js';
import { requireSameCohort, share } from './participant/share.js';
import {
  endedWith,
  holdsSecrets,
  ignored,
  type ParticipantState,
  type ParticipantStep,
  remember,
  repeated,
  slotsOf,
} from './participant/state.js';
import { acceptDealers, noteReceipt, requireSameDealers, upload } from './participant/upload.js';

export type { ParticipantState, ParticipantStep } from './participant/state.js';

/**
 * A participant that waits for C. With `records`, one that restarted: it answers repeated frames with identical bytes, its reveal
 * included, and a session it refused, left or aborted stays over. Without a root, one whose secrets are erased.
 */
export function openParticipant(options: ParticipantOptions): ParticipantState {
  const { root, records, ...known } = options;
  const facts = { options: known, slots: slotsOf(records ?? []) };
  const over = endings.some((type) => facts.slots[type] !== undefined);
  return root === undefined || over ? endedWith(facts) : { phase: 'opened', ...facts, root };
}

const endings = ['abort-signed', 'abort-certified', 'ended'] as const;

/**
 * Take one event. Never throws on what a peer sent: it answers, ignores, or refuses by name.
 *
 * A frame seen before is answered with identical bytes; another frame in its place is refused. A refusal before the upload ends the
 * session here; after it the frame alone is refused, because the others still need this participant's share.
 *
 * @throws `invalid-argument` when the runner breaks its own side, e.g. spools another length.
 */
export function stepParticipant(
  ports: ParticipantPorts,
  state: ParticipantState,
  event: ParticipantEvent,
): ParticipantStep {
  return remember(takeEvent(ports, state, event));
}

function takeEvent(ports: ParticipantPorts, state: ParticipantState, event: ParticipantEvent): ParticipantStep {
  switch (event.type) {
    case 'frame':
      return refusing(state, () => takeFrame(ports, state, event.frame));
    case 'masked':
      return state.phase === 'masking' ? upload(ports, state, event) : ignored(state);
    case 'uploaded':
      return state.phase === 'uploading'
        ? refusing(state, () => noteReceipt(ports, state, event.receipt))
        : ignored(state);
    case 'end':
      return end(state);
  }
}

function takeFrame(ports: ParticipantPorts, state: ParticipantState, frame: SessionFrame): ParticipantStep {
  if (frame.type === 'abort-proposal') return abort(ports, state, frame);
  if (frame.type === 'abort-certificate') return acceptAbort(ports, state, frame);
  switch (state.phase) {
    case 'opened':
      return frame.type === 'open' ? advertise(ports, state, frame) : ignored(state);
    case 'advertised':
      return frame.type === 'cohort' ? share(ports, state, frame) : takeRepeated(ports, state, frame);
    case 'shared':
      return frame.type === 'boxes' ? confirm(ports, state, frame) : takeRepeated(ports, state, frame);
    case 'confirmed':
      return frame.type === 'dealers' ? acceptDealers(ports, state, frame) : takeRepeated(ports, state, frame);
    case 'uploading':
    case 'uploaded':
      if (frame.type === 'proposal') return certify(ports, state, frame);
      return frame.type === 'certificate' ? reveal(ports, state, frame) : takeRepeated(ports, state, frame);
    case 'masking':
    case 'signed':
      return frame.type === 'certificate' ? reveal(ports, state, frame) : takeRepeated(ports, state, frame);
    case 'revealed':
      if (frame.type !== 'certificate') return ignored(state);
      requireSameCertificate(state, frame);
      return repeated(state, state.revealReply);
    case 'ended':
      if (frame.type === 'proposal' || frame.type === 'certificate') requireNotAborted(state);
      return ignored(state);
  }
}

/** What a session says while it lasts. */
type StepFrame = Exclude<SessionFrame, { type: 'abort-proposal' | 'abort-certificate' }>;

type Live = Exclude<ParticipantState, { phase: 'opened' | 'revealed' | 'ended' }>;

/** A frame of an earlier step: the same one gets the same answer, another one is refused. A frame too early is ignored. */
function takeRepeated(ports: ParticipantPorts, state: Live, frame: StepFrame): ParticipantStep {
  switch (frame.type) {
    case 'open':
      requireSameOpen(ports, state, frame);
      return repeated(state, { type: 'advertise', advert: state.advert });
    case 'cohort':
      if (!('sid' in state)) return ignored(state);
      requireSameCohort(ports, state, frame);
      return repeated(state, state.shareReply);
    case 'boxes':
      if (!('confirmReply' in state)) return ignored(state);
      requireSameBoxes(ports, state, frame);
      return repeated(state, state.confirmReply);
    case 'dealers':
      if (!('sid2' in state)) return ignored(state);
      requireSameDealers(ports, state, frame);
      return 'uploadReply' in state ? repeated(state, state.uploadReply) : ignored(state);
    case 'proposal':
      if (!('certifyReply' in state)) return ignored(state);
      requireOneStatement(state.certifyReply.statement.body, frame.proposal.body);
      return repeated(state, state.certifyReply);
    case 'certificate':
      return ignored(state);
  }
}

function refusing(state: ParticipantState, take: () => ParticipantStep): ParticipantStep {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof FederatedError) || error.code === 'internal') throw error;
    const rule = typeof error.detail.rule === 'string' ? error.detail.rule : error.code;
    const record: ParticipantRecord = { type: 'refused', code: error.code, rule, message: error.message };
    const journal = { type: 'journal', record } as const;
    const refuse = { type: 'refuse', error } as const;
    // By what is journalled, for one that restarted owes the others no less.
    const { masked, revealed } = state.slots;
    if (masked !== undefined || revealed !== undefined) return { state, effects: [journal, refuse] };
    const over = end(state);
    return { state: over.state, effects: [journal, refuse, ...over.effects] };
  }
}

/** Erasing unrevealed secrets is itself the decision not to reveal. */
function end(state: ParticipantState): ParticipantStep {
  if (state.phase === 'ended') return ignored(state);
  if (!holdsSecrets(state)) return { state: endedWith(state), effects: [] };
  return { state: endedWith(state), effects: [{ type: 'journal', record: { type: 'ended' } }, { type: 'erase' }] };
}
