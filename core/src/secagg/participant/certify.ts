import { equalBytes, toHex } from '../../bytes.js';
import { refusal } from '../../errors.js';
import type { ProposalFrame, SurvivorsBody } from '../../wire/messages.js';
import { fromBitmap } from '../bitmap.js';
import { inputsHash } from '../identifiers.js';
import { contradiction, readSigned, signBody } from '../signing.js';
import type { ParticipantPorts } from './contract.js';
import type { DealersFacts, ParticipantStep, SignedFacts, Uploaded, UploadFacts, Uploading } from './state.js';

/**
 * Step 5: check the proposed survivors and sign the one statement this session ever gets. The statement is the proposal's body, byte
 * for byte, under another label.
 *
 * @throws `refused` or `verification` `survivors.…`; `malformed`.
 */
export function certify(ports: ParticipantPorts, state: Uploading | Uploaded, frame: ProposalFrame): ParticipantStep {
  const { crypto, codec } = ports;
  const expected = {
    label: 'CSA1/proposal',
    publicKey: state.options.coordinatorKey,
    rule: 'survivors.proposal',
  } as const;
  const body = readSigned(crypto, codec.survivors, frame.proposal, expected);
  const survivors = readSurvivors(state, body);
  checkUploads(ports, state, frame, { body, survivors });
  requireListedSurvivors(state, survivors);
  requireOneStatement(state.slots['survivors-signed']?.body, frame.proposal.body);
  const statement = signBody(crypto, ports.signer, 'CSA1/survivors', frame.proposal.body);
  const certifyReply = { type: 'certify', statement } as const;
  const facts: SignedFacts = { ...state, certifyReply };
  const record = {
    type: 'survivors-signed',
    sid2: state.sid2,
    body: statement.body,
    survivors: survivors.length,
  } as const;
  return {
    state: { ...facts, phase: 'signed' },
    effects: [
      { type: 'journal', record },
      { type: 'send', frame: certifyReply },
    ],
  };
}

/**
 * Sign once: another statement after the first is refused, for ever.
 *
 * @throws `verification` `survivors.second`.
 */
export function requireOneStatement(signed: Uint8Array | undefined, offered: Uint8Array): void {
  if (signed === undefined || equalBytes(signed, offered)) return;
  throw contradiction('survivors.second', 'a second survivors statement for one session', {
    required: 'the statement signed before',
    offered: 'another one',
  });
}

/**
 * What every statement about survivors must keep: sid2, U3 ⊆ U2, and the floor.
 *
 * @returns U3, ascending.
 * @throws `verification` `survivors.session`; `refused` `survivors.dealers`, `survivors.too-few`; `malformed`.
 */
export function readSurvivors(state: DealersFacts, body: SurvivorsBody): readonly number[] {
  if (!equalBytes(body.sid2, state.sid2)) {
    throw contradiction('survivors.session', 'a survivors statement belongs to another session', {
      required: toHex(state.sid2),
      offered: toHex(body.sid2),
    });
  }
  const survivors = fromBitmap(state.cohort.length, body.survivors);
  const foreign = survivors.find((index) => !state.dealers.includes(index));
  if (foreign !== undefined) {
    throw refusal('survivors.dealers', 'a survivor is not among the dealers', {
      required: 'U3 ⊆ U2',
      offered: foreign,
    });
  }
  if (survivors.length < state.numbers.survivorsFloor) {
    throw refusal('survivors.too-few', 'too few survivors to open their sum', {
      required: state.numbers.survivorsFloor,
      offered: survivors.length,
      fix: 'wait for the next round',
    });
  }
  return survivors;
}

/** Listed others that must be in a sum before it is signed: with fewer, it could be this participant among strangers. */
const listedSurvivorsMin = 2;

function requireListedSurvivors({ options, cohort, index }: UploadFacts, survivors: readonly number[]): void {
  const { listed } = options;
  if (listed === undefined) return;
  const known = survivors.filter((other) => other !== index && listed.has(cohort[other]!.participantId)).length;
  if (known >= listedSurvivorsMin) return;
  throw refusal('survivors.unlisted', 'too few survivors are on the list of this participant', {
    required: listedSurvivorsMin,
    offered: known,
    fix: 'Wait for the next round, or add participants whose fingerprint you compared to roster.known.',
  });
}

function checkUploads(
  ports: ParticipantPorts,
  state: UploadFacts,
  frame: ProposalFrame,
  proposed: { readonly body: SurvivorsBody; readonly survivors: readonly number[] },
): void {
  const { crypto } = ports;
  const { survivors, body } = proposed;
  if (!survivors.includes(state.index)) {
    throw contradiction('survivors.self', 'the proposal leaves out this participant', {
      required: state.index,
      offered: survivors.join(', '),
    });
  }
  if (
    frame.uploads.length !== survivors.length ||
    frame.uploads.some((entry, i) => entry.participant !== survivors[i])
  ) {
    throw contradiction('survivors.list', 'the uploads are not those of the survivors', {
      required: survivors.length,
      offered: frame.uploads.length,
    });
  }
  const members = frame.uploads.map((entry) => {
    requireUpload(ports, state, entry);
    return { index: entry.participant, bodyHash: crypto.sha256(entry.upload.body) };
  });
  const own = members.find((member) => member.index === state.index)!;
  if (!equalBytes(own.bodyHash, state.contentDigest)) {
    throw contradiction('survivors.own-upload', "the proposal carries another upload in this participant's name", {
      required: toHex(state.contentDigest),
      offered: toHex(own.bodyHash),
    });
  }
  const shown = inputsHash(crypto, state.sid2, state.cohort.length, members);
  if (!equalBytes(shown, body.inputsHash)) {
    throw contradiction('survivors.inputs', 'the proposal is about other uploads than it shows', {
      required: toHex(shown),
      offered: toHex(body.inputsHash),
    });
  }
}

function requireUpload(ports: ParticipantPorts, state: UploadFacts, entry: ProposalFrame['uploads'][number]): void {
  const { participant, upload } = entry;
  const expected = {
    label: 'CSA1/upload',
    publicKey: state.cohort[participant]!.publicKey,
    rule: 'survivors.upload-signature',
  } as const;
  const body = readSigned(ports.crypto, ports.codec.upload, upload, expected);
  const about =
    body.participant === participant &&
    equalBytes(body.sid2, state.sid2) &&
    body.lengthBytes === state.layout.lengthBytes;
  if (about) return;
  throw contradiction('survivors.upload', 'an upload header belongs to another session, participant or layout', {
    required: `${state.layout.lengthBytes} bytes of ${participant} in ${toHex(state.sid2)}`,
    offered: `${body.lengthBytes} bytes of ${body.participant} in ${toHex(body.sid2)}`,
  });
}
