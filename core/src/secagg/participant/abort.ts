import { refusal } from '../../errors.js';
import type { AbortCertificateFrame, AbortProposalFrame } from '../../wire/messages.js';
import { readAbortCertificate, requireAbortOf, signAbort } from '../abort.js';
import { abortQuorumOf } from '../thresholds.js';
import type { ParticipantPorts } from './contract.js';
import { endedWith, holdsSecrets, ignored, type ParticipantState, type ParticipantStep } from './state.js';

/**
 * Sign that nothing is ever revealed here, and erase what could be. Asked again, also after a restart without the secrets, it
 * gives the same bytes. A member that accepted no cohort has nothing to abort.
 *
 * @throws `refused` `abort.revealed`; `verification` `abort.session`.
 */
export function abort(ports: ParticipantPorts, state: ParticipantState, frame: AbortProposalFrame): ParticipantStep {
  const { 'cohort-accepted': accepted, 'abort-signed': signed, revealed } = state.slots;
  if (accepted === undefined) return ignored(state);
  const { sid } = accepted;
  requireAbortOf(sid, frame.sid);
  if (revealed !== undefined) {
    throw refusal('abort.revealed', 'an abort of a session in which shares were revealed', {
      required: 'nothing revealed',
      offered: 'a reveal',
    });
  }
  const statement = signAbort(ports, sid);
  const send = { type: 'send', frame: { type: 'abort', statement } } as const;
  if (signed !== undefined) return { state, effects: [send] };
  const journal = { type: 'journal', record: { type: 'abort-signed', sid, body: statement.body } } as const;
  return { state: endedWith(state), effects: [journal, send, ...erasing(state)] };
}

/**
 * A members signed abort: this session can never be opened, whatever was signed or revealed here. A member that did not sign hears
 * of it as well.
 *
 * @throws `refused` `abort.short`; `verification` `abort.…`; `malformed`.
 */
export function acceptAbort(
  ports: ParticipantPorts,
  state: ParticipantState,
  frame: AbortCertificateFrame,
): ParticipantStep {
  const { 'cohort-accepted': accepted, 'abort-certified': certified } = state.slots;
  if (accepted === undefined || certified !== undefined) return ignored(state);
  const { sid, participants } = accepted;
  const { roster, terms } = state.options;
  const cohort = participants.map((participant) => roster.get(participant)?.publicKey);
  const abortQuorum = abortQuorumOf(cohort.length, terms.maxColluders);
  const signers = readAbortCertificate(ports, frame, { sid, cohort, abortQuorum }).map((index) => participants[index]!);
  const journal = { type: 'journal', record: { type: 'abort-certified', sid, signers } } as const;
  return { state: endedWith(state), effects: [journal, ...erasing(state)] };
}

/**
 * After an abort: no survivors statement, no reveal.
 *
 * @throws `refused` `abort.signed`.
 */
export function requireNotAborted({ slots }: ParticipantState): void {
  if (slots['abort-signed'] === undefined) return;
  throw refusal('abort.signed', 'a session goes on in which this participant signed abort', {
    required: 'an aborted session',
    offered: 'survivors or their certificate',
  });
}

function erasing(state: ParticipantState): readonly { readonly type: 'erase' }[] {
  return holdsSecrets(state) ? [{ type: 'erase' }] : [];
}
