import { equalBytes, inOneBlock, toHex } from '../../bytes.js';
import type { BoxesFrame, DealtBox, DeliveredBox, ShareFrame } from '../../wire/messages.js';
import { boxBytes, dealLeaves } from '../dealing.js';
import { merklePaths, merkleRoot } from '../merkle.js';
import { contradiction, readSigned } from '../signing.js';
import type { AggregatorPorts } from './contract.js';
import {
  type AggregatorStep,
  abandon,
  accept,
  type Dealt,
  type DealtFacts,
  type SharePhase,
  sendAll,
  withEntry,
} from './state.js';

/**
 * Step 2: take one dealer's boxes. The root is computed from what arrived, so a client can blame only the dealer.
 *
 * @throws `verification` `share.…`; `malformed`.
 */
export function takeShare(
  ports: AggregatorPorts,
  state: SharePhase,
  dealer: number,
  frame: ShareFrame,
): AggregatorStep {
  const { crypto, codec } = ports;
  const { participantId: from, publicKey } = state.cohort[dealer]!;
  const body = readSigned(crypto, codec.share, frame.share, {
    label: 'CSA1/share',
    publicKey,
    rule: 'share.signature',
  });
  if (body.dealer !== dealer || !equalBytes(body.sid, state.sid)) {
    throw contradiction('share.session', 'a share message belongs to another session or dealer', {
      required: `dealer ${dealer} in ${toHex(state.sid)}`,
      offered: `dealer ${body.dealer} in ${toHex(body.sid)}`,
      participant: from,
    });
  }
  requireBoxes(frame.boxes, { cohort: state.cohort.length, dealer });
  const leaves = dealLeaves(crypto, state.sid, dealer, frame.boxes);
  if (!equalBytes(merkleRoot(crypto, leaves), body.dealRoot)) {
    throw contradiction('share.root', 'the boxes are not those the dealer signed', {
      required: 'boxes under the signed dealRoot',
      offered: 'others',
      participant: from,
    });
  }
  const bodyHash = crypto.sha256(frame.share.body);
  const deals = withEntry(state.deals, dealer, { share: frame.share, bodyHash, body, ...packed(frame.boxes, leaves) });
  return accept({ ...state, deals }, { from, step: 'share', contentDigest: bodyHash });
}

/** Hand every dealer the boxes the others dealt it. */
export function deliverBoxes(ports: AggregatorPorts, state: SharePhase): AggregatorStep {
  const dealers = [...state.deals.keys()].sort((a, b) => a - b);
  const { survivorsFloor } = state.numbers;
  if (dealers.length < survivorsFloor) {
    const names = dealers.map((index) => state.cohort[index]!.participantId);
    return abandon(state, {
      step: 'share',
      reason: 'too few participants dealt their shares',
      detail: { required: survivorsFloor, offered: dealers.length, dealers: names },
    });
  }
  const paths = new Map(dealers.map((dealer) => [dealer, merklePaths(ports.crypto, state.deals.get(dealer)!.leaves)]));
  const frames = dealers.map((receiver) => ({
    to: state.cohort[receiver]!.participantId,
    frame: boxesFor(state, receiver, paths),
  }));
  const sending = sendAll(state, frames);
  return {
    state: { ...sending.state, phase: 'confirm', confirmations: new Map() },
    effects: [...sending.effects, { type: 'timer', step: 'confirm' }],
  };
}

/** A cohort has n² of these: what a session holds for longest. */
function packed(boxes: readonly DealtBox[], leaves: readonly Uint8Array[]): Pick<Dealt, 'boxes' | 'leaves'> {
  const views = inOneBlock([
    ...boxes.flatMap(({ box, selfShareHash, maskShareHash }) => [box, selfShareHash, maskShareHash]),
    ...leaves,
  ]);
  const at = (index: number) => views[index]!;
  return {
    boxes: boxes.map((_, index) => ({
      box: at(3 * index),
      selfShareHash: at(3 * index + 1),
      maskShareHash: at(3 * index + 2),
    })),
    leaves: views.slice(3 * boxes.length),
  };
}

function boxesFor(
  state: DealtFacts,
  receiver: number,
  paths: ReadonlyMap<number, readonly (readonly Uint8Array[])[]>,
): BoxesFrame {
  const boxes: DeliveredBox[] = [];
  for (const [dealer, path] of paths) {
    if (dealer === receiver) continue;
    const { share, boxes: dealt } = state.deals.get(dealer)!;
    boxes.push({ dealer, share, path: path[receiver]!, ...dealt[receiver]! });
  }
  return { type: 'boxes', boxes };
}

function requireBoxes(
  boxes: readonly DealtBox[],
  expected: { readonly cohort: number; readonly dealer: number },
): void {
  if (boxes.length !== expected.cohort) {
    throw contradiction('share.boxes', 'a dealer sends one box for every member of the cohort', {
      required: expected.cohort,
      offered: boxes.length,
    });
  }
  boxes.forEach(({ box, selfShareHash, maskShareHash }, receiver) => {
    const length = receiver === expected.dealer ? 0 : boxBytes;
    if (box.length === length && selfShareHash.length === 32 && maskShareHash.length === 32) return;
    throw contradiction('share.box', 'a box or a share hash has another length', {
      required: length,
      offered: box.length,
    });
  });
}
