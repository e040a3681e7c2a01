import { equalBytes, toHex } from '../../bytes.js';
import type { ConfirmFrame } from '../../wire/messages.js';
import { fromBitmap, toBitmap } from '../bitmap.js';
import { dealersId } from '../identifiers.js';
import { contradiction, readSigned } from '../signing.js';
import type { AggregatorEffect, AggregatorPorts, Dropout } from './contract.js';
import {
  type AggregatorStep,
  abandon,
  accept,
  type ConfirmPhase,
  type DealersFacts,
  sendAll,
  withDropped,
  withEntry,
} from './state.js';

/**
 * Step 3: take one participant's confirmations.
 *
 * @throws `verification` `confirm.…`; `malformed`.
 */
export function takeConfirmation(
  ports: AggregatorPorts,
  state: ConfirmPhase,
  participant: number,
  frame: ConfirmFrame,
): AggregatorStep {
  const { crypto, codec } = ports;
  const { participantId: from, publicKey } = state.cohort[participant]!;
  const body = readSigned(crypto, codec.confirm, frame.confirm, {
    label: 'CSA1/confirm',
    publicKey,
    rule: 'confirm.signature',
  });
  if (body.participant !== participant || !equalBytes(body.sid, state.sid)) {
    throw contradiction('confirm.session', 'a confirmation belongs to another session or participant', {
      required: `participant ${participant} in ${toHex(state.sid)}`,
      offered: `participant ${body.participant} in ${toHex(body.sid)}`,
      participant: from,
    });
  }
  const confirmed = new Set(fromBitmap(state.cohort.length, body.confirmed));
  const foreign = [...confirmed].find((dealer) => !state.deals.has(dealer));
  if (foreign !== undefined || !confirmed.has(participant)) {
    throw contradiction(
      'confirm.dealers',
      'a confirmation names somebody who dealt nothing, or leaves out its sender',
      {
        required: [...state.deals.keys()].join(', '),
        offered: [...confirmed].join(', '),
        participant: from,
      },
    );
  }
  const accepted = accept(state, { from, step: 'confirm', contentDigest: crypto.sha256(frame.confirm.body) });
  const confirmations = withEntry(state.confirmations, participant, confirmed);
  return {
    state: { ...accepted.state, confirmations },
    effects: [...unconfirmedBy(state, participant, confirmed), ...accepted.effects],
  };
}

/** Freeze U2 and with it sid2. */
export function freezeDealers(ports: AggregatorPorts, state: ConfirmPhase): AggregatorStep {
  const dealers = chooseDealers(state);
  const names = dealers.map((index) => state.cohort[index]!.participantId);
  const { survivorsFloor } = state.numbers;
  if (dealers.length < survivorsFloor) {
    return abandon(state, {
      step: 'confirm',
      reason: 'too few dealers were confirmed',
      detail: { required: survivorsFloor, offered: dealers.length, dealers: names },
    });
  }
  const shares = dealers.map((dealer) => {
    const { bodyHash, share } = state.deals.get(dealer)!;
    return { dealer, bodyHash, signature: share.signature };
  });
  const members = shares.map(({ dealer, bodyHash }) => ({ index: dealer, bodyHash }));
  const sid2 = dealersId(ports.crypto, state.sid, state.cohort.length, members);
  const dropping = withDropped(state, leftOut(state, dealers));
  const facts: DealersFacts = { ...dropping.state, sid2, dealers };
  const frame = { type: 'dealers', dealers: toBitmap(state.cohort.length, dealers), shares } as const;
  const sending = sendAll(
    facts,
    names.map((to) => ({ to, frame })),
  );
  return {
    state: { ...sending.state, phase: 'upload', uploads: new Map() },
    effects: [
      ...dropping.effects,
      { type: 'journal', record: { type: 'dealers-frozen', sid2, dealers: names } },
      ...sending.effects,
      { type: 'timer', step: 'upload' },
    ],
  };
}

/**
 * U2: who answered, is confirmed by at least T of U2 and denied by at most c answers.
 *
 * The design counts confirmations of the whole cohort. Only members of U2 go on and can reveal later, so only theirs count here; a
 * dealer that did not answer is left out, because nobody has masked with it yet and recovering its masks would be work for nothing.
 */
function chooseDealers(state: ConfirmPhase): readonly number[] {
  const { maxColluders } = state.options.config;
  const answers = [...state.confirmations.values()];
  let dealers = [...state.confirmations.keys()]
    .filter((dealer) => answers.filter((confirmed) => !confirmed.has(dealer)).length <= maxColluders)
    .sort((a, b) => a - b);
  for (;;) {
    const confirmers = dealers.map((index) => state.confirmations.get(index)!);
    const left = dealers.filter(
      (dealer) => confirmers.filter((confirmed) => confirmed.has(dealer)).length >= state.numbers.threshold,
    );
    if (left.length === dealers.length) return left;
    dealers = left;
  }
}

function leftOut(state: ConfirmPhase, dealers: readonly number[]): readonly Dropout[] {
  return [...state.confirmations.keys()]
    .filter((index) => !dealers.includes(index))
    .map((index) => ({
      participant: state.cohort[index]!.participantId,
      step: 'confirm',
      reason: 'too few others could confirm its boxes',
    }));
}

function unconfirmedBy(
  state: ConfirmPhase,
  participant: number,
  confirmed: ReadonlySet<number>,
): readonly AggregatorEffect[] {
  const name = (index: number): string => state.cohort[index]!.participantId;
  return [...state.deals.keys()]
    .filter((dealer) => !confirmed.has(dealer))
    .map((dealer) => ({
      type: 'journal',
      record: { type: 'unconfirmed', dealer: name(dealer), participant: name(participant) },
    }));
}
