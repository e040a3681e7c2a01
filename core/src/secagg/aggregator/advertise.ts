import { equalBytes } from '../../bytes.js';
import { FederatedError, refusal } from '../../errors.js';
import type { AdvertiseFrame } from '../../wire/messages.js';
import { type CohortMember, compareIds, readAdvert } from '../cohort.js';
import { sessionId } from '../identifiers.js';
import { contradiction } from '../signing.js';
import { thresholds } from '../thresholds.js';
import type { AggregatorPorts, SessionStep } from './contract.js';
import {
  type AdvertisePhase,
  type AggregatorStep,
  abandon,
  accept,
  type CohortFacts,
  sendAll,
  withEntry,
} from './state.js';

/**
 * Step 1: take one advertisement, with every check the clients make: what passes here must not make one of them leave.
 *
 * @throws `refused` or `verification` `cohort.…`; `malformed`.
 */
export function takeAdvert(
  ports: AggregatorPorts,
  state: AdvertisePhase,
  from: string,
  frame: AdvertiseFrame,
): AggregatorStep {
  const { roster } = state.options;
  const member = readAdvert(ports.crypto, ports.codec, frame.advert, { roster, configHash: state.configHash });
  if (member.participantId !== from) {
    throw contradiction('cohort.sender', 'an advertisement in the name of another participant', {
      required: from,
      offered: member.participantId,
    });
  }
  for (const { member: other } of state.adverts.values()) {
    if (other.organization === member.organization) {
      throw refusal('cohort.organization', `${member.organization} is in the cohort already`, {
        required: 'one participant per organization',
        offered: other.participantId,
      });
    }
  }
  if (isKnownKey(state, member.sealingKey) || isKnownKey(state, member.maskKey) || hasOneKey(member)) {
    throw contradiction('cohort.duplicate-key', 'an agreement key occurs twice in the cohort', {
      required: 'two keys that nobody else advertised',
      offered: 'one that occurs twice',
      participant: from,
    });
  }
  const adverts = withEntry(state.adverts, from, { member, advert: frame.advert });
  return accept(
    { ...state, adverts },
    { from, step: 'advertise', contentDigest: ports.crypto.sha256(frame.advert.body) },
  );
}

function isKnownKey(state: AdvertisePhase, key: Uint8Array): boolean {
  for (const { member } of state.adverts.values()) {
    if (equalBytes(member.sealingKey, key) || equalBytes(member.maskKey, key)) return true;
  }
  return false;
}

function hasOneKey({ sealingKey, maskKey }: CohortMember): boolean {
  return equalBytes(sealingKey, maskKey);
}

/** Freeze the cohort: everyone who advertised and is still there, sorted by id. */
export function freezeCohort(ports: AggregatorPorts, state: AdvertisePhase): AggregatorStep {
  const chosen = [...state.adverts.values()]
    .filter(({ member }) => !state.absent.has(member.participantId))
    .sort((a, b) => compareIds(a.member.participantId, b.member.participantId));
  const { minCohort, maxCohort, minSurvivors, maxColluders } = state.options.config;
  const numbers = numbersOrRefusal(() =>
    thresholds({ cohort: chosen.length, minCohort, maxCohort, minSurvivors, maxColluders }),
  );
  if (numbers instanceof FederatedError) {
    return abandon(state, {
      step: 'advertise',
      reason: numbers.message,
      detail: { ...numbers.detail, advertised: chosen.map(({ member }) => member.participantId) },
    });
  }
  const adverts = chosen.map(({ advert }) => advert);
  const sid = sessionId(
    ports.crypto,
    state.configHash,
    adverts.map((advert) => advert.body),
  );
  const cohort = chosen.map(({ member }) => member);
  const participants = cohort.map((member) => member.participantId);
  const { adverts: _, ...session } = state;
  const facts: CohortFacts = { ...session, sid, adverts, cohort, numbers };
  const sending = sendAll(
    facts,
    participants.map((to) => ({ to, frame: { type: 'cohort', adverts } })),
  );
  const step: SessionStep = 'share';
  return {
    state: { ...sending.state, phase: step, deals: new Map() },
    effects: [
      { type: 'journal', record: { type: 'cohort-frozen', sid, participants, adverts } },
      ...sending.effects,
      { type: 'timer', step },
    ],
  };
}

function numbersOrRefusal<T>(compute: () => T): T | FederatedError {
  try {
    return compute();
  } catch (error) {
    if (error instanceof FederatedError) return error;
    throw error;
  }
}
