import { equalBytes } from '../../bytes.js';
import type { CertifyFrame } from '../../wire/messages.js';
import { contradiction, verifyBody } from '../signing.js';
import { giveUp } from './abort.js';
import type { AggregatorPorts } from './contract.js';
import {
  type AbortedPhase,
  type AbortingPhase,
  type AggregatorState,
  type AggregatorStep,
  accept,
  type CertifyPhase,
  type CohortFacts,
  type OpenedPhase,
  type RevealPhase,
  type SurvivorsFacts,
  sendAll,
  withEntry,
} from './state.js';

/**
 * Step 5: take one survivor's statement.
 *
 * @throws `verification` `certify.…`.
 */
export function takeStatement(
  ports: AggregatorPorts,
  state: CertifyPhase,
  participant: number,
  frame: CertifyFrame,
): AggregatorStep {
  checkStatement(ports, state, participant, frame);
  const signatures = withEntry(state.signatures, participant, frame.statement.signature);
  return acceptStatement(ports, { ...state, signatures }, participant, frame);
}

/**
 * A good statement that came after T others: acknowledged, not needed.
 *
 * @throws `verification` `certify.…`.
 */
export function takeLateStatement(
  ports: AggregatorPorts,
  state: RevealPhase | OpenedPhase,
  participant: number,
  frame: CertifyFrame,
): AggregatorStep {
  checkStatement(ports, state, participant, frame);
  return acceptStatement(ports, state, participant, frame);
}

/**
 * A good statement that came after the session was given up: its signer is barred like those before it, until the abort certificate.
 *
 * @param proposed what it was asked to sign.
 * @throws `verification` `certify.…`.
 */
export function takeStatementInVain(
  ports: AggregatorPorts,
  state: AbortingPhase | AbortedPhase,
  proposed: Pick<SurvivorsFacts, 'survivors' | 'statement'>,
  participant: number,
  frame: CertifyFrame,
): AggregatorStep {
  checkStatement(ports, { ...proposed, cohort: state.cohort }, participant, frame);
  return acceptStatement(ports, state, participant, frame);
}

function acceptStatement<State extends CohortFacts & AggregatorState>(
  ports: AggregatorPorts,
  state: State,
  participant: number,
  frame: CertifyFrame,
): AggregatorStep {
  const from = state.cohort[participant]!.participantId;
  return accept(state, { from, step: 'certify', contentDigest: ports.crypto.sha256(frame.statement.body) });
}

function checkStatement(
  ports: AggregatorPorts,
  state: Pick<SurvivorsFacts, 'cohort' | 'survivors' | 'statement'>,
  participant: number,
  frame: CertifyFrame,
): void {
  const { participantId: from, publicKey } = state.cohort[participant]!;
  if (!state.survivors.includes(participant)) {
    throw contradiction('certify.signer', 'a statement by somebody who did not survive', {
      required: state.survivors.join(', '),
      offered: participant,
      participant: from,
    });
  }
  if (!equalBytes(frame.statement.body, state.statement)) {
    throw contradiction('certify.statement', 'a statement on something else than the proposal', {
      required: 'the body of the proposal',
      offered: 'another body',
      participant: from,
    });
  }
  if (!verifyBody(ports.crypto, publicKey, 'CSA1/survivors', frame.statement)) {
    throw contradiction('certify.signature', 'a signature does not verify', {
      required: 'a signature under CSA1/survivors',
      offered: 'a signature that does not verify',
      participant: from,
    });
  }
}

/** T signatures are the certificate; the rest of the survivors need not be awaited. */
export function isCertified(state: CertifyPhase): boolean {
  return state.signatures.size >= state.numbers.threshold;
}

/** Journal the certificate, then show it to everyone who holds sid2. */
export function certifySurvivors(state: CertifyPhase): AggregatorStep {
  const { sid2, statement, numbers } = state;
  const name = (index: number): string => state.cohort[index]!.participantId;
  const signatures = [...state.signatures]
    .map(([participant, signature]) => ({ participant, signature }))
    .sort((a, b) => a.participant - b.participant);
  const signers = signatures.map(({ participant }) => name(participant));
  if (!isCertified(state)) {
    return giveUp(state, {
      step: 'certify',
      reason: 'too few survivors signed their statement',
      detail: { required: numbers.threshold, offered: signatures.length, signers },
    });
  }
  const { signatures: _, ...survivors } = state;
  const facts: SurvivorsFacts = survivors;
  const frame = { type: 'certificate', body: statement, signatures } as const;
  const sending = sendAll(
    facts,
    state.dealers.map((index) => ({ to: name(index), frame })),
  );
  return {
    state: { ...sending.state, phase: 'reveal', certificate: frame, revealed: new Map() },
    effects: [
      { type: 'journal', record: { type: 'certified', sid2, body: statement, signers } },
      ...sending.effects,
      { type: 'timer', step: 'reveal' },
    ],
  };
}
