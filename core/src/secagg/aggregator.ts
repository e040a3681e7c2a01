import { refusal } from '../errors.js';
import type { SessionFrame } from '../wire/messages.js';
import { giveUpFor } from './aggregator/abort.js';
import { takeLateReply, takeReply } from './aggregator/answers.js';
import { closeStep, closeWhenComplete } from './aggregator/closing.js';
import type { AggregatorEvent, AggregatorOptions, AggregatorPorts, Dropout } from './aggregator/contract.js';
import {
  type AdvertisePhase,
  type AggregatorState,
  type AggregatorStep,
  answerKey,
  isLive,
  sendAll,
  unchanged,
  withAbsent,
} from './aggregator/state.js';
import { completeUpload } from './aggregator/upload.js';
import { configHash } from './identifiers.js';
import { layoutOf, requireRing } from './layout.js';
import { signBody } from './signing.js';
import { thresholds } from './thresholds.js';

export { abortsLacking, awaitedAborts } from './aggregator/abort.js';
export { awaited } from './aggregator/closing.js';
export type { AggregatorState, AggregatorStep } from './aggregator/state.js';

/**
 * Open a session: sign C and send it to everyone invited.
 *
 * @throws `refused` when the configuration cannot hold its thresholds or its ring, or somebody invited is unknown or too many are.
 */
export function openAggregator(ports: AggregatorPorts, options: AggregatorOptions): AggregatorStep {
  const { crypto, codec, signer } = ports;
  const { invited, roster } = options;
  const { minCohort, maxCohort, minSurvivors, maxColluders, segments } = options.config;
  thresholds({ cohort: invited.length, minCohort, maxCohort, minSurvivors, maxColluders });
  requireRing(segments, { maxCohort });
  const unknown = invited.find(
    (participant, index) => !roster.has(participant) || invited.indexOf(participant) !== index,
  );
  if (unknown !== undefined) {
    throw refusal('cohort.roster', `${unknown} is invited twice or is not in the roster`, {
      required: 'members, once each',
      offered: unknown,
    });
  }
  const config = signBody(crypto, signer, 'CSA1/config', codec.config.encode(options.config));
  const opened: AdvertisePhase = {
    phase: 'advertise',
    options,
    config,
    configHash: configHash(crypto, config.body),
    layout: layoutOf(segments),
    dropped: [],
    absent: new Map(),
    answers: new Map(),
    sent: new Map(),
    adverts: new Map(),
  };
  const sending = sendAll(
    opened,
    invited.map((to) => ({ to, frame: { type: 'open', config } })),
  );
  return {
    state: sending.state,
    effects: [
      { type: 'journal', record: { type: 'session-opened', config, invited } },
      ...sending.effects,
      { type: 'timer', step: 'advertise' },
    ],
  };
}

/**
 * Take one event. Never throws on what a participant sent. A step closes when everyone still awaited has answered, or at
 * `close-step`; deterministic: an event that changed something is journalled first, and the same events give the same state again.
 */
export function stepAggregator(ports: AggregatorPorts, state: AggregatorState, event: AggregatorEvent): AggregatorStep {
  const step = takeEvent(ports, state, event);
  if (step.state === state) return step;
  return { state: step.state, effects: [{ type: 'journal', record: { type: 'input', event } }, ...step.effects] };
}

function takeEvent(ports: AggregatorPorts, state: AggregatorState, event: AggregatorEvent): AggregatorStep {
  if (!isLive(state)) {
    return event.type === 'reply' ? takeLateReply(ports, state, event.from, event.frame) : unchanged(state);
  }
  switch (event.type) {
    case 'reply':
      return closeWhenComplete(ports, takeReply(ports, state, event.from, event.frame));
    case 'upload-complete':
      if (state.phase !== 'upload') return unchanged(state);
      return closeWhenComplete(ports, completeUpload(state, event.from, event.contentDigest));
    case 'absent':
      if (state.absent.has(event.from)) return unchanged(state);
      return closeWhenComplete(ports, { state: withAbsent(state, event.from, event.reason), effects: [] });
    case 'close-step':
      // A certified sum is waited for: there is no other way to be rid of it, and one share more may open it.
      if (event.step !== state.phase || event.step === 'reveal') return unchanged(state);
      return closeWhenComplete(ports, closeStep(ports, state, 'no answer before the deadline of the step'));
    case 'abandon':
      return giveUpFor(state, event.reason);
  }
}

/** U3 once it is frozen, in cohort order; empty before. */
export function survivors(state: AggregatorState): readonly string[] {
  return 'survivors' in state ? state.survivors.map((index) => state.cohort[index]!.participantId) : [];
}

/**
 * Who signed the survivors statement of this session and is therefore barred from its base model; in the order of the invitation.
 * The abort certificate frees them all.
 */
export function signersOf(state: AggregatorState): readonly string[] {
  if (state.phase === 'aborted') return [];
  return state.options.invited.filter((participant) => state.answers.has(answerKey('certify', participant)));
}

/** Whether nothing can change any more: opened, abandoned for good, or aborted by certificate. */
export function isOver(state: AggregatorState): boolean {
  return !isLive(state) && state.phase !== 'aborting';
}

/** Everyone lost so far, with the step; oldest first. A survivor that leaves after its upload is listed and still in the sum. */
export function dropped(state: AggregatorState): readonly Dropout[] {
  return state.dropped;
}

/** The cohort in order, once frozen; empty before. */
export function cohortOf(state: AggregatorState): readonly string[] {
  return 'cohort' in state ? state.cohort.map((member) => member.participantId) : [];
}

/** Everything sent to a participant in this session, in order: send it again when it reconnects. Repeats get identical answers. */
export function framesSent(state: AggregatorState, participant: string): readonly SessionFrame[] {
  return state.sent.get(participant) ?? [];
}
