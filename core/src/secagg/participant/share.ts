import { equalBytes, toHex } from '../../bytes.js';
import { refusal } from '../../errors.js';
import type { CohortFrame } from '../../wire/messages.js';
import { type CohortMember, readCohort } from '../cohort.js';
import { deal } from '../dealing.js';
import { sessionId } from '../identifiers.js';
import { deriveDealSecrets } from '../keys.js';
import { contradiction, signBody } from '../signing.js';
import { type Thresholds, thresholds } from '../thresholds.js';
import type { ParticipantPorts } from './contract.js';
import type { Advertised, ParticipantStep, ShareFacts } from './state.js';

/**
 * Step 2: check the cohort, compute sid and T, and deal one sealed pair of shares to every member.
 *
 * @throws `refused` or `verification` `cohort.…`; `malformed`.
 */
export function share(ports: ParticipantPorts, state: Advertised, frame: CohortFrame): ParticipantStep {
  const { crypto, codec } = ports;
  const numbers = checkNumbers(state, frame);
  const cohort = readCohort(crypto, codec, frame.adverts, {
    roster: state.options.roster,
    configHash: state.configHash,
  });
  const index = ownIndex(state, cohort, frame);
  requireListed(state, cohort);
  const sid = cohortId(ports, state, frame);
  requireFirstCohort(state.slots['cohort-accepted']?.sid, sid);
  const secrets = deriveDealSecrets(crypto, state.root, sid);
  const others = cohort.filter((_, other) => other !== index).map((member) => member.sealingKey);
  const agreed = crypto.x25519(state.secrets.sealing, others);
  const shared = [...agreed.slice(0, index), new Uint8Array(0), ...agreed.slice(index)];
  const dealt = deal(crypto, {
    sid,
    dealer: index,
    threshold: numbers.threshold,
    shared,
    maskSecret: state.secrets.mask,
    secrets,
  });
  const { dealRoot, selfSecretHash, boxes, own } = dealt;
  const body = codec.share.encode({ sid, dealer: index, dealRoot, selfSecretHash });
  const shareReply = { type: 'share', share: signBody(crypto, ports.signer, 'CSA1/share', body), boxes } as const;
  const facts: ShareFacts = { ...state, sid, cohort, index, numbers, shared, own, self: secrets.self, shareReply };
  return {
    state: { ...facts, phase: 'shared' },
    effects: [
      {
        type: 'journal',
        record: { type: 'cohort-accepted', sid, participants: cohort.map((member) => member.participantId) },
      },
      { type: 'send', frame: shareReply },
    ],
  };
}

/**
 * One advertisement, one cohort: two would yield b_u in one session and s_u in the other.
 *
 * @throws `verification` `cohort.second`.
 */
export function requireSameCohort(ports: ParticipantPorts, state: ShareFacts, frame: CohortFrame): void {
  requireFirstCohort(state.sid, cohortId(ports, state, frame));
}

// Before any signature is checked: the bounds are cheap and hold the work that follows.
function checkNumbers(state: Advertised, frame: CohortFrame): Thresholds {
  const { minCohort, maxCohort, minSurvivors, maxColluders } = state.config;
  return thresholds({ cohort: frame.adverts.length, minCohort, maxCohort, minSurvivors, maxColluders });
}

function ownIndex(state: Advertised, cohort: readonly CohortMember[], frame: CohortFrame): number {
  const index = cohort.findIndex((member) => member.participantId === state.options.participantId);
  if (index === -1) {
    throw contradiction('cohort.self-absent', 'the cohort leaves out the participant it was sent to', {
      required: state.options.participantId,
      offered: cohort.map((member) => member.participantId).join(', '),
    });
  }
  if (!equalBytes(frame.adverts[index]!.body, state.advert.body)) {
    throw contradiction('cohort.self-altered', "the cohort carries another advertisement in the participant's name", {
      required: 'the advertisement that was sent',
      offered: 'another one',
    });
  }
  return index;
}

// Unlisted members and bad listed ones count within c together; more unlisted ones could be the operator's own.
function requireListed({ options, config }: Advertised, cohort: readonly CohortMember[]): void {
  const { listed, participantId } = options;
  if (listed === undefined) return;
  const unlisted = cohort.filter(
    (member) => member.participantId !== participantId && !listed.has(member.participantId),
  );
  if (unlisted.length <= config.maxColluders) return;
  throw refusal(
    'cohort.unlisted',
    'more members of the cohort than may collude are not on the list of this participant',
    {
      required: config.maxColluders,
      offered: unlisted.length,
      fix: `Compare the fingerprints of ${unlisted.map((member) => member.participantId).join(', ')}, then add them to roster.known.`,
    },
  );
}

function cohortId(ports: ParticipantPorts, state: { readonly configHash: Uint8Array }, frame: CohortFrame): Uint8Array {
  const bodies = frame.adverts.map((advert) => advert.body);
  return sessionId(ports.crypto, state.configHash, bodies);
}

function requireFirstCohort(accepted: Uint8Array | undefined, offered: Uint8Array): void {
  if (accepted === undefined || equalBytes(accepted, offered)) return;
  throw contradiction('cohort.second', 'a second cohort for one advertisement', {
    required: toHex(accepted),
    offered: toHex(offered),
  });
}
