import { equalBytes, toHex } from '../../bytes.js';
import { FederatedError, refusal } from '../../errors.js';
import type { DealersFrame, Signed } from '../../wire/messages.js';
import { fromBitmap } from '../bitmap.js';
import { dealersId } from '../identifiers.js';
import { masksOfDealer } from '../opening.js';
import { contradiction, readSigned, signBody, verifyBodyHash } from '../signing.js';
import type { ParticipantEvent, ParticipantPorts } from './contract.js';
import type {
  Confirmed,
  ConfirmFacts,
  DealersFacts,
  Masking,
  ParticipantStep,
  UploadFacts,
  Uploading,
} from './state.js';

/**
 * Step 4, first half: check U2, fix sid2, and have the update masked. After a restart with a spooled vector nothing is masked again:
 * the same header is sent.
 *
 * @throws `refused` or `verification` `dealers.…`; `malformed`.
 */
export function acceptDealers(ports: ParticipantPorts, state: Confirmed, frame: DealersFrame): ParticipantStep {
  const { dealers, sid2 } = readDealers(ports, state, frame);
  requireFirstDealers(state.slots['dealers-accepted']?.sid2, sid2);
  const facts: DealersFacts = { ...state, sid2, dealers };
  const spooled = state.slots.masked;
  if (spooled !== undefined) return sendHeader(ports, facts, spooled);
  const maskKeys = masksOfDealer(ports.crypto, {
    sid2,
    dealer: state.index,
    dealers,
    self: state.self,
    mask: state.secrets.mask,
    maskKeys: state.cohort.map((member) => member.maskKey),
  });
  return {
    state: { ...facts, phase: 'masking' },
    effects: [
      { type: 'journal', record: { type: 'dealers-accepted', sid2, dealers: frame.dealers } },
      { type: 'mask', sid2, maskKeys, layout: state.layout },
    ],
  };
}

/**
 * One session, one U2: two would mask one vector in two ways.
 *
 * @throws `verification` `dealers.second`, or what is wrong with the frame.
 */
export function requireSameDealers(ports: ParticipantPorts, state: DealersFacts, frame: DealersFrame): void {
  requireFirstDealers(state.sid2, readDealers(ports, state, frame).sid2);
}

/**
 * Step 4, second half: sign the header of the spooled vector.
 *
 * @throws `invalid-argument` when the runner spooled another length than the layout's.
 */
export function upload(
  ports: ParticipantPorts,
  state: Masking,
  spooled: Extract<ParticipantEvent, { type: 'masked' }>,
): ParticipantStep {
  if (spooled.lengthBytes !== state.layout.lengthBytes || spooled.merkleRoot.length !== 32) {
    throw new FederatedError('invalid-argument', 'the spooled vector does not have the length of the layout', {
      detail: { required: state.layout.lengthBytes, offered: spooled.lengthBytes },
    });
  }
  return sendHeader(ports, state, spooled);
}

/**
 * The coordinator holds the whole vector, durably.
 *
 * @throws `verification` `upload.receipt`; `malformed`.
 */
export function noteReceipt(ports: ParticipantPorts, state: Uploading, receipt: Signed): ParticipantStep {
  const { crypto, codec } = ports;
  const expected = { label: 'CSA1/receipt', publicKey: state.options.coordinatorKey, rule: 'upload.receipt' } as const;
  const body = readSigned(crypto, codec.receipt, receipt, expected);
  const { config, options, contentDigest, sid2 } = state;
  const about =
    body.runId === config.runId &&
    body.round === config.round &&
    body.step === 'upload' &&
    body.participantId === options.participantId &&
    equalBytes(body.contentDigest, contentDigest);
  if (!about) {
    throw contradiction('upload.receipt', 'a receipt is about something else than this upload', {
      required: `upload ${toHex(contentDigest)} of ${options.participantId} in round ${config.round}`,
      offered: `${body.step} ${toHex(body.contentDigest)} of ${body.participantId} in round ${body.round}`,
    });
  }
  return {
    state: { ...state, phase: 'uploaded' },
    effects: [{ type: 'journal', record: { type: 'uploaded', sid2, contentDigest } }],
  };
}

function sendHeader(
  ports: ParticipantPorts,
  state: DealersFacts,
  spooled: { readonly lengthBytes: number; readonly merkleRoot: Uint8Array },
): ParticipantStep {
  const { crypto, codec } = ports;
  const { sid2, index } = state;
  const { lengthBytes, merkleRoot } = spooled;
  const body = codec.upload.encode({ sid2, participant: index, lengthBytes, merkleRoot });
  const uploadReply = { type: 'upload', upload: signBody(crypto, ports.signer, 'CSA1/upload', body) } as const;
  const contentDigest = crypto.sha256(body);
  const facts: UploadFacts = { ...state, uploadReply, contentDigest };
  return {
    state: { ...facts, phase: 'uploading' },
    effects: [
      { type: 'journal', record: { type: 'masked', sid2, lengthBytes, merkleRoot, contentDigest } },
      { type: 'send', frame: uploadReply },
    ],
  };
}

function readDealers(
  ports: ParticipantPorts,
  state: ConfirmFacts,
  frame: DealersFrame,
): { readonly dealers: readonly number[]; readonly sid2: Uint8Array } {
  const dealers = fromBitmap(state.cohort.length, frame.dealers);
  if (dealers.length < state.numbers.threshold) {
    throw refusal('dealers.too-few', 'too few dealers are left to hide one among them', {
      required: state.numbers.threshold,
      offered: dealers.length,
      fix: 'wait for the next round',
    });
  }
  if (!dealers.includes(state.index)) {
    throw refusal('dealers.self', 'this participant is not among the dealers', {
      required: state.index,
      offered: 'left out',
      fix: 'wait for the next round',
    });
  }
  if (frame.shares.length !== dealers.length || frame.shares.some((entry, i) => entry.dealer !== dealers[i])) {
    throw contradiction('dealers.list', 'the share bodies are not those of the dealers', {
      required: dealers.length,
      offered: frame.shares.length,
    });
  }
  for (const entry of frame.shares) requireDealt(ports, state, entry);
  const members = frame.shares.map(({ dealer, bodyHash }) => ({ index: dealer, bodyHash }));
  return { dealers, sid2: dealersId(ports.crypto, state.sid, state.cohort.length, members) };
}

// A dealer that signed two share bodies, or a coordinator that shows different ones, must not get shares of both.
function requireDealt(ports: ParticipantPorts, state: ConfirmFacts, entry: DealersFrame['shares'][number]): void {
  const { dealer, bodyHash, signature } = entry;
  const held = state.held.get(dealer);
  if (held !== undefined) {
    if (equalBytes(held.bodyHash, bodyHash)) return;
    throw contradiction('dealers.share', 'a dealer is listed with another share body than the confirmed one', {
      required: toHex(held.bodyHash),
      offered: toHex(bodyHash),
      dealer,
    });
  }
  const { publicKey } = state.cohort[dealer]!;
  if (bodyHash.length === 32 && verifyBodyHash(ports.crypto, publicKey, 'CSA1/share', { bodyHash, signature })) return;
  throw contradiction('dealers.signature', 'a share body is not signed by its dealer', {
    required: 'a signature by the dealer',
    offered: 'a signature that does not verify',
    dealer,
  });
}

function requireFirstDealers(accepted: Uint8Array | undefined, offered: Uint8Array): void {
  if (accepted === undefined || equalBytes(accepted, offered)) return;
  throw contradiction('dealers.second', 'a second set of dealers for one session', {
    required: toHex(accepted),
    offered: toHex(offered),
  });
}
