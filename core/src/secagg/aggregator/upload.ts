import { equalBytes, toHex } from '../../bytes.js';
import type { ProposalFrame, UploadFrame } from '../../wire/messages.js';
import { toBitmap } from '../bitmap.js';
import { inputsHash } from '../identifiers.js';
import { contradiction, readSigned, signBody } from '../signing.js';
import { giveUp } from './abort.js';
import type { AggregatorEffect, AggregatorPorts } from './contract.js';
import {
  type AggregatorState,
  type AggregatorStep,
  accept,
  type SurvivorsFacts,
  sendAll,
  type UploadHeader,
  type UploadPhase,
  withEntry,
} from './state.js';

/**
 * Step 4: take one signed header; the vector may come now. The receipt follows `completeUpload`.
 *
 * @throws `verification` `upload.…`; `malformed`.
 */
export function takeHeader(
  ports: AggregatorPorts,
  state: UploadPhase,
  participant: number,
  frame: UploadFrame,
): AggregatorStep {
  const { crypto, codec } = ports;
  const { participantId: from, publicKey } = state.cohort[participant]!;
  const body = readSigned(crypto, codec.upload, frame.upload, {
    label: 'CSA1/upload',
    publicKey,
    rule: 'upload.signature',
  });
  if (body.participant !== participant || !equalBytes(body.sid2, state.sid2) || !state.dealers.includes(participant)) {
    throw contradiction('upload.session', 'an upload belongs to another session or participant', {
      required: `dealer ${participant} in ${toHex(state.sid2)}`,
      offered: `participant ${body.participant} in ${toHex(body.sid2)}`,
      participant: from,
    });
  }
  if (body.lengthBytes !== state.layout.lengthBytes) {
    throw contradiction('upload.length', 'an upload has another length than the layout', {
      required: state.layout.lengthBytes,
      offered: body.lengthBytes,
    });
  }
  const { lengthBytes, merkleRoot } = body;
  const bodyHash = crypto.sha256(frame.upload.body);
  const header: UploadHeader = { upload: frame.upload, bodyHash, lengthBytes, merkleRoot, complete: false };
  return {
    state: { ...state, uploads: withEntry(state.uploads, participant, header) },
    effects: [{ type: 'expect-upload', from, contentDigest: bodyHash, lengthBytes, merkleRoot }],
  };
}

/** The vector behind a header is durable; anything else the runner names is ignored. A repeat is acknowledged again. */
export function completeUpload(state: UploadPhase, from: string, contentDigest: Uint8Array): AggregatorStep {
  const participant = state.cohort.findIndex((member) => member.participantId === from);
  const header = state.uploads.get(participant);
  if (header === undefined || !equalBytes(header.bodyHash, contentDigest)) return { state, effects: [] };
  const uploads = withEntry(state.uploads, participant, { ...header, complete: true });
  return accept({ ...state, uploads }, { from, step: 'upload', contentDigest });
}

/** What a header is answered with until its vector is durable. */
export type UploadAnswer = Extract<AggregatorEffect, { type: 'expect-upload' }>;

/** The answer a header got, while uploads are taken; undefined before the header came and after the step. */
export function uploadAnswer(state: AggregatorState, from: string): UploadAnswer | undefined {
  if (state.phase !== 'upload') return undefined;
  const header = state.uploads.get(state.cohort.findIndex((member) => member.participantId === from));
  if (header === undefined) return undefined;
  const { bodyHash, lengthBytes, merkleRoot } = header;
  return { type: 'expect-upload', from, contentDigest: bodyHash, lengthBytes, merkleRoot };
}

/** Freeze U3 and propose it to its members. */
export function freezeSurvivors(ports: AggregatorPorts, state: UploadPhase): AggregatorStep {
  const { crypto, codec } = ports;
  const survivors = state.dealers.filter((index) => state.uploads.get(index)?.complete === true);
  const names = survivors.map((index) => state.cohort[index]!.participantId);
  const { survivorsFloor } = state.numbers;
  if (survivors.length < survivorsFloor) {
    return giveUp(state, {
      step: 'upload',
      reason: 'too few masked updates arrived',
      detail: { required: survivorsFloor, offered: survivors.length, uploaded: names },
    });
  }
  const lost = beyondOpening(state, survivors);
  if (lost !== undefined) {
    return giveUp(state, {
      step: 'upload',
      reason: 'too few survivors hold shares of a dealer',
      detail: { required: state.numbers.threshold, ...lost },
    });
  }
  const count = state.cohort.length;
  const members = survivors.map((index) => ({ index, bodyHash: state.uploads.get(index)!.bodyHash }));
  const inputs = inputsHash(crypto, state.sid2, count, members);
  const statement = codec.survivors.encode({
    sid2: state.sid2,
    survivors: toBitmap(count, survivors),
    inputsHash: inputs,
  });
  const frame: ProposalFrame = {
    type: 'proposal',
    proposal: signBody(crypto, ports.signer, 'CSA1/proposal', statement),
    uploads: survivors.map((participant) => ({ participant, upload: state.uploads.get(participant)!.upload })),
  };
  const facts: SurvivorsFacts = { ...state, survivors, inputsHash: inputs, statement };
  const sending = sendAll(
    facts,
    names.map((to) => ({ to, frame })),
  );
  return {
    state: { ...sending.state, phase: 'certify', signatures: new Map() } satisfies AggregatorState,
    effects: [
      { type: 'journal', record: { type: 'survivors-frozen', sid2: state.sid2, survivors: names, inputsHash: inputs } },
      ...sending.effects,
      { type: 'timer', step: 'certify' },
    ],
  };
}

// A dealer may have made boxes that exactly T could open, itself among them, and leave: once such a sum is certified, nobody can give up
// on it, and T shares of that dealer are nowhere. Nothing is signed yet.
function beyondOpening(
  state: UploadPhase,
  survivors: readonly number[],
): { readonly offered: number; readonly dealer: string } | undefined {
  for (const dealer of state.dealers) {
    const offered = survivors.filter((survivor) => state.confirmations.get(survivor)?.has(dealer)).length;
    if (offered < state.numbers.threshold) return { offered, dealer: state.cohort[dealer]!.participantId };
  }
  return undefined;
}
