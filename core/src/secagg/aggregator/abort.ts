import type { AbortFrame } from '../../wire/messages.js';
import { checkAbort } from '../abort.js';
import type { Abandonment, AggregatorPorts } from './contract.js';
import {
  type AbortedPhase,
  type AbortingPhase,
  type AggregatorState,
  type AggregatorStep,
  abandon,
  accept,
  type CertifyPhase,
  type CohortFacts,
  type LivePhase,
  namesOf,
  sendAll,
  type UploadPhase,
  unchanged,
  withEntry,
} from './state.js';

/**
 * Give the session up after U2 was frozen and before it was certified. An update may be bound to it by now, so it ends by A signed
 * aborts: every member of the cohort is asked for one. Nobody was shown a certificate, so nobody revealed and every member can sign.
 */
export function giveUp(state: UploadPhase | CertifyPhase, abandonment: Abandonment): AggregatorStep {
  const { options, config, configHash, layout, dropped, absent, answers, sid, adverts, cohort, numbers } = state;
  const proposed = state.phase === 'certify' ? { survivors: state.survivors, statement: state.statement } : undefined;
  // Of all that was sent only the question for an abort still wants an answer.
  const sent = new Map<string, never>();
  const facts: CohortFacts = {
    options,
    config,
    configHash,
    layout,
    dropped,
    absent,
    answers,
    sent,
    sid,
    adverts,
    cohort,
    numbers,
  };
  const sending = sendAll(
    facts,
    namesOf(state).map((to) => ({ to, frame: { type: 'abort-proposal', sid } })),
  );
  return {
    state: { ...sending.state, phase: 'aborting', abandonment, proposed, signatures: new Map() },
    effects: [
      { type: 'journal', record: { type: 'abandoned', abandonment } },
      { type: 'abandoned', abandonment },
      ...sending.effects,
    ],
  };
}

/** The coordinator gives the session up. Once it is certified its sum is waited for: whoever saw the certificate may have revealed. */
export function giveUpFor(state: LivePhase, reason: string): AggregatorStep {
  const abandonment: Abandonment = { step: state.phase, reason, detail: {} };
  if (state.phase === 'reveal') return unchanged(state);
  return state.phase === 'upload' || state.phase === 'certify'
    ? giveUp(state, abandonment)
    : abandon(state, abandonment);
}

/**
 * Take one member's abort. The A-th makes the certificate; one that comes later is acknowledged.
 *
 * @throws `verification` `abort.signature`, `abort.session`; `malformed`.
 */
export function takeAbort(
  ports: AggregatorPorts,
  state: AbortingPhase | AbortedPhase,
  participant: number,
  frame: AbortFrame,
): AggregatorStep {
  const { sid, numbers } = state;
  const { participantId: from, publicKey } = state.cohort[participant]!;
  const { body, signature } = frame.statement;
  checkAbort(ports, frame.statement, { sid, publicKey });
  const answer = { from, step: 'abort', contentDigest: ports.crypto.sha256(body) } as const;
  if (state.phase === 'aborted') return accept(state, answer);
  const accepted = accept({ ...state, signatures: withEntry(state.signatures, participant, signature) }, answer);
  if (accepted.state.signatures.size < numbers.abortQuorum) return accepted;
  const certified = certifyAbort(accepted.state, body);
  return { state: certified.state, effects: [...accepted.effects, ...certified.effects] };
}

/** Members of the cohort whose abort is not here; empty unless the session is being aborted. */
export function awaitedAborts(state: AggregatorState): readonly string[] {
  if (state.phase !== 'aborting') return [];
  return namesOf(state).filter((_, index) => !state.signatures.has(index));
}

/** How many aborts are wanting for a certificate; 0 unless the session is being aborted. */
export function abortsLacking(state: AggregatorState): number {
  return state.phase === 'aborting' ? state.numbers.abortQuorum - state.signatures.size : 0;
}

/** Journal the certificate, then show it to the whole cohort: every update bound here is free again. */
function certifyAbort(state: AbortingPhase, body: Uint8Array): AggregatorStep {
  const { sid } = state;
  const names = namesOf(state);
  const signatures = [...state.signatures]
    .map(([participant, signature]) => ({ participant, signature }))
    .sort((a, b) => a.participant - b.participant);
  const signers = signatures.map(({ participant }) => names[participant]!);
  const frame = { type: 'abort-certificate', body, signatures } as const;
  const aborted: AbortedPhase = { ...state, phase: 'aborted', sent: new Map() };
  const sending = sendAll(
    aborted,
    names.map((to) => ({ to, frame })),
  );
  return {
    state: sending.state,
    effects: [{ type: 'journal', record: { type: 'aborted', sid, signers } }, ...sending.effects, { type: 'aborted' }],
  };
}
