import { equalBytes, toHex, u16, u32 } from '../../bytes.js';
import { refusal } from '../../errors.js';
import type { BoxesFrame, DeliveredBox, SessionCodec, ShareBody } from '../../wire/messages.js';
import { toBitmap } from '../bitmap.js';
import { openBox } from '../dealing.js';
import { contradiction, decodeBody, signBody, verifyBody } from '../signing.js';
import type { ParticipantPorts } from './contract.js';
import type { ConfirmFacts, HeldShares, ParticipantStep, Shared, ShareFacts } from './state.js';

/**
 * Step 3: open the boxes and confirm the dealers whose box matched. A box that does not is never shown to anybody: an opened key as
 * evidence would let one bad dealer collect everybody's shares.
 *
 * @throws `refused` `boxes.dealers` for a dealer named twice or outside the cohort; `verification` `boxes.second` for other boxes than before.
 */
export function confirm(ports: ParticipantPorts, state: Shared, frame: BoxesFrame): ParticipantStep {
  const { crypto, codec } = ports;
  requireDealers(state, frame);
  const boxesHash = hashBoxes(ports, frame);
  requireFirstBoxes(state.slots['boxes-confirmed']?.boxesHash, boxesHash);
  const held = new Map<number, HeldShares>();
  held.set(state.index, { pair: state.own, bodyHash: crypto.sha256(state.shareReply.share.body) });
  for (const delivered of frame.boxes) {
    const shares = openDelivered(ports, state, delivered);
    if (shares !== undefined) held.set(delivered.dealer, shares);
  }
  const confirmed = toBitmap(state.cohort.length, held.keys());
  const body = codec.confirm.encode({ sid: state.sid, participant: state.index, confirmed });
  const confirmReply = { type: 'confirm', confirm: signBody(crypto, ports.signer, 'CSA1/confirm', body) } as const;
  const facts: ConfirmFacts = { ...state, boxesHash, held, confirmReply };
  return {
    state: { ...facts, phase: 'confirmed' },
    effects: [
      { type: 'journal', record: { type: 'boxes-confirmed', sid: state.sid, boxesHash, confirmed } },
      { type: 'send', frame: confirmReply },
    ],
  };
}

/**
 * One session, one set of boxes.
 *
 * @throws `verification` `boxes.second`.
 */
export function requireSameBoxes(ports: ParticipantPorts, state: ConfirmFacts, frame: BoxesFrame): void {
  requireFirstBoxes(state.boxesHash, hashBoxes(ports, frame));
}

function openDelivered(ports: ParticipantPorts, state: ShareFacts, delivered: DeliveredBox): HeldShares | undefined {
  const { crypto, codec } = ports;
  const { sid, index, cohort } = state;
  const { dealer } = delivered;
  if (!verifyBody(crypto, cohort[dealer]!.publicKey, 'CSA1/share', delivered.share)) return undefined;
  const body = decodeShareBody(codec, delivered.share.body);
  if (body === undefined || body.dealer !== dealer || !equalBytes(body.sid, sid)) return undefined;
  const pair = openBox(crypto, {
    position: { sid, dealer, receiver: index },
    shared: state.shared[dealer]!,
    cohort: cohort.length,
    dealRoot: body.dealRoot,
    box: delivered,
    path: delivered.path,
  });
  return pair === undefined ? undefined : { pair, bodyHash: crypto.sha256(delivered.share.body) };
}

// A dealer that signs nonsense is not confirmed; it must not make anybody leave.
function decodeShareBody(codec: SessionCodec, body: Uint8Array): ShareBody | undefined {
  try {
    return decodeBody(codec.share, body);
  } catch {
    return undefined;
  }
}

function requireDealers(state: ShareFacts, frame: BoxesFrame): void {
  const seen = new Set<number>([state.index]);
  for (const { dealer } of frame.boxes) {
    const foreign = !Number.isInteger(dealer) || dealer < 0 || dealer >= state.cohort.length;
    if (foreign || seen.has(dealer)) {
      throw refusal('boxes.dealers', 'a box names a dealer twice, the receiver itself, or nobody of the cohort', {
        required: state.cohort.length - 1,
        offered: dealer,
      });
    }
    seen.add(dealer);
  }
}

// A digest of each box first, so that what is hashed at once is short. Every part has its length before it: it comes from a peer.
function hashBoxes({ crypto }: ParticipantPorts, frame: BoxesFrame): Uint8Array {
  const digests = frame.boxes.map(({ dealer, share, box, selfShareHash, maskShareHash, path }) => {
    const parts = [share.body, share.signature, box, selfShareHash, maskShareHash, ...path];
    return crypto.sha256(u16(dealer & 0xffff), u32(parts.length), ...parts.map(({ length }) => u32(length)), ...parts);
  });
  return crypto.sha256(...digests);
}

function requireFirstBoxes(accepted: Uint8Array | undefined, offered: Uint8Array): void {
  if (accepted === undefined || equalBytes(accepted, offered)) return;
  throw contradiction('boxes.second', 'other boxes than those confirmed', {
    required: toHex(accepted),
    offered: toHex(offered),
  });
}
