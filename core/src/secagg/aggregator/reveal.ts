import { equalBytes, toHex } from '../../bytes.js';
import type { RevealBody, RevealedShare, RevealFrame, ShareKind, Transcript } from '../../wire/messages.js';
import { toBitmap } from '../bitmap.js';
import { shareHash } from '../dealing.js';
import { masksOfSum, rebuildSecret } from '../opening.js';
import type { ShamirShare } from '../shamir.js';
import { contradiction, readSigned } from '../signing.js';
import type { AggregatorPorts, SumOrder } from './contract.js';
import {
  type AggregatorState,
  type AggregatorStep,
  abandon,
  accept,
  type OpenedPhase,
  type RevealPhase,
  type SurvivorsFacts,
  withEntry,
} from './state.js';

/**
 * Step 6: take one member's shares. Each is checked against the leaf its dealer signed, so a wrong one names the revealer and never
 * reaches a sum.
 *
 * @throws `verification` `reveal.…`; `malformed`.
 */
export function takeReveal(
  ports: AggregatorPorts,
  state: RevealPhase,
  participant: number,
  frame: RevealFrame,
): AggregatorStep {
  const body = readReveal(ports, state, participant, frame);
  const shares = matchingShares(ports, state, body);
  const revealed = withEntry(state.revealed, participant, shares);
  return acceptReveal(ports, { ...state, revealed }, participant, frame);
}

/**
 * A reveal that came after the sum was opened: acknowledged, its shares are not kept.
 *
 * @throws `verification` `reveal.…`; `malformed`.
 */
export function takeLateReveal(
  ports: AggregatorPorts,
  state: OpenedPhase,
  participant: number,
  frame: RevealFrame,
): AggregatorStep {
  matchingShares(ports, state, readReveal(ports, state, participant, frame));
  return acceptReveal(ports, state, participant, frame);
}

function acceptReveal<State extends SurvivorsFacts & AggregatorState>(
  ports: AggregatorPorts,
  state: State,
  participant: number,
  frame: RevealFrame,
): AggregatorStep {
  const from = nameOf(state, participant);
  return accept(state, { from, step: 'reveal', contentDigest: ports.crypto.sha256(frame.reveal.body) });
}

function readReveal(
  ports: AggregatorPorts,
  state: SurvivorsFacts,
  participant: number,
  frame: RevealFrame,
): RevealBody {
  const { participantId: from, publicKey } = state.cohort[participant]!;
  const expected = { label: 'CSA1/reveal', publicKey, rule: 'reveal.signature' } as const;
  const body = readSigned(ports.crypto, ports.codec.reveal, frame.reveal, expected);
  const about =
    body.participant === participant &&
    equalBytes(body.sid2, state.sid2) &&
    equalBytes(body.inputsHash, state.inputsHash);
  if (!about) {
    throw contradiction('reveal.session', 'a reveal belongs to another session, statement or participant', {
      required: `participant ${participant} on ${toHex(state.inputsHash)} in ${toHex(state.sid2)}`,
      offered: `participant ${body.participant} on ${toHex(body.inputsHash)} in ${toHex(body.sid2)}`,
      participant: from,
    });
  }
  return body;
}

/** Whether T shares of every dealer are here; before T members have revealed, that need not be counted. */
export function isRevealed(state: RevealPhase): boolean {
  return state.revealed.size >= state.numbers.threshold && lackingShares(state).length === 0;
}

/** Rebuild the secrets and order the sum; or end the session, with nothing unmasked. */
export function orderSum(ports: AggregatorPorts, state: RevealPhase): AggregatorStep {
  const lacking = lackingShares(state);
  const { threshold } = state.numbers;
  if (lacking.length > 0) {
    return abandon(state, {
      step: 'reveal',
      reason: 'too few shares were revealed',
      detail: { required: threshold, dealers: lacking.map((dealer) => nameOf(state, dealer)) },
    });
  }
  const selfSecrets = new Map<number, Uint8Array>();
  const maskSecrets = new Map<number, Uint8Array>();
  for (const dealer of state.dealers) {
    const secret = rebuild(ports, state, dealer);
    if (secret === undefined) return blameDealer(state, dealer);
    (kindOf(state, dealer) === 'self' ? selfSecrets : maskSecrets).set(dealer, secret);
  }
  const { sid2, layout } = state;
  const maskKeys = masksOfSum(ports.crypto, {
    sid2,
    selfSecrets,
    maskSecrets,
    maskKeys: state.cohort.map((member) => member.maskKey),
  });
  const recovered = state.dealers
    .filter((dealer) => kindOf(state, dealer) === 'mask')
    .map((dealer) => nameOf(state, dealer));
  const survivors = state.survivors.map((index) => ({
    participant: nameOf(state, index),
    publicKey: state.cohort[index]!.publicKey,
    contentDigest: state.uploads.get(index)!.bodyHash,
  }));
  const secrets = state.dealers.map((dealer) => selfSecrets.get(dealer) ?? maskSecrets.get(dealer)!);
  const transcript = transcriptOf(state, secrets);
  const sum: SumOrder = { sid2, layout, threshold, survivors, recovered, maskKeys, transcript };
  const { revealed: _, certificate: __, ...facts } = state;
  return {
    state: { ...facts, phase: 'opened' },
    effects: [
      {
        type: 'journal',
        record: { type: 'opened', sid2, survivors: survivors.map(({ participant }) => participant), recovered },
      },
      { type: 'open-sum', sum },
    ],
  };
}

/** @param secrets of U2, ascending; the transcript's from here on. */
function transcriptOf(state: RevealPhase, secrets: readonly Uint8Array[]): Transcript {
  const { config, adverts, cohort, dealers, deals, certificate, survivors, uploads } = state;
  const { body, signatures } = certificate;
  return {
    config: config.body,
    adverts: adverts.map((advert) => advert.body),
    dealers: toBitmap(cohort.length, dealers),
    shares: dealers.map((dealer) => deals.get(dealer)!.share.body),
    certificate: { body, signatures },
    uploads: survivors.map((survivor) => uploads.get(survivor)!.upload),
    secrets,
  };
}

function matchingShares(
  ports: AggregatorPorts,
  state: SurvivorsFacts,
  body: RevealBody,
): ReadonlyMap<number, Uint8Array> {
  const from = nameOf(state, body.participant);
  const shares = new Map<number, Uint8Array>();
  for (const revealed of body.shares) {
    const { dealer } = revealed;
    if (!state.dealers.includes(dealer) || revealed.kind !== kindOf(state, dealer) || shares.has(dealer)) {
      throw contradiction('reveal.kind', 'a reveal names a dealer twice, nobody of U2, or the wrong kind of share', {
        required: 'one share of each dealer, self of survivors, mask of the others',
        offered: revealed.kind,
        participant: from,
        dealer,
      });
    }
    if (!matchesLeaf(ports, state, body.participant, revealed)) {
      throw contradiction('reveal.share', 'a revealed share is not the one its dealer committed to', {
        required: 'the share under the signed dealRoot',
        offered: 'another share',
        participant: from,
        dealer,
      });
    }
    shares.set(dealer, revealed.share);
  }
  return shares;
}

function matchesLeaf(
  ports: AggregatorPorts,
  state: SurvivorsFacts,
  receiver: number,
  revealed: RevealedShare,
): boolean {
  const { dealer, kind, share } = revealed;
  const leaf = state.deals.get(dealer)!.boxes[receiver]!;
  const expected = kind === 'self' ? leaf.selfShareHash : leaf.maskShareHash;
  return equalBytes(shareHash(ports.crypto, { sid: state.sid, dealer, receiver }, kind, share), expected);
}

function rebuild(ports: AggregatorPorts, state: RevealPhase, dealer: number): Uint8Array | undefined {
  const shares = sharesOf(state, dealer).slice(0, state.numbers.threshold);
  const { selfSecretHash } = state.deals.get(dealer)!.body;
  const commitment = { sid: state.sid, dealer, selfSecretHash, maskKey: state.cohort[dealer]!.maskKey };
  return rebuildSecret(ports.crypto, commitment, kindOf(state, dealer), shares);
}

function sharesOf(state: RevealPhase, dealer: number): readonly ShamirShare[] {
  const shares: ShamirShare[] = [];
  for (const [revealer, revealed] of state.revealed) {
    const share = revealed.get(dealer);
    if (share !== undefined) shares.push({ x: revealer + 1, share });
  }
  return shares;
}

function lackingShares(state: RevealPhase): readonly number[] {
  return state.dealers.filter((dealer) => sharesOf(state, dealer).length < state.numbers.threshold);
}

// T shares matched what the dealer signed and still rebuild something else than it committed to: the dealer dealt badly.
function blameDealer(state: RevealPhase, dealer: number): AggregatorStep {
  const participant = nameOf(state, dealer);
  const reason = 'the shares it dealt do not rebuild the secret it committed to';
  const over = abandon(state, { step: 'reveal', reason: `${participant}: ${reason}`, detail: { dealer: participant } });
  return { ...over, effects: [{ type: 'journal', record: { type: 'blamed', participant, reason } }, ...over.effects] };
}

function kindOf(state: SurvivorsFacts, dealer: number): ShareKind {
  return state.survivors.includes(dealer) ? 'self' : 'mask';
}

function nameOf(state: SurvivorsFacts, index: number): string {
  return state.cohort[index]!.participantId;
}
