import { type CohortFrame, framesSent, type RosterView, type SessionFrame, signBody } from '@concordat/core';
import { type Forge, flip, forged, victim } from '../../../support/forged-frames.js';
import { replaced } from '../../../support/mutations.js';
import { badSignature, digest, type RefusalCase } from '../../../support/refusal-case.js';
import { codec, crypto, type InMemorySession, type SessionOptions } from '../../../support/session.js';

/** The advertisement of one member with other fields, signed again by that member: what a colluder can make. */
function resigned(
  frame: CohortFrame,
  session: InMemorySession,
  change: { readonly index: number; readonly fields: object },
): CohortFrame {
  const body = codec.advert.decode(frame.adverts[change.index]!.body);
  const signer = session.signers.get(body.participantId)!;
  const advert = signBody(crypto, signer, 'CSA1/advert', codec.advert.encode({ ...body, ...change.fields }));
  return { ...frame, adverts: replaced(frame.adverts, change.index, advert) };
}

const withKey = (index: number, fields: object) => () =>
  forged('cohort', (frame, session) => resigned(frame, session, { index, fields }));

const cut =
  (count: number, options: Partial<SessionOptions> = {}) =>
  () =>
    forged('cohort', (frame) => ({ ...frame, adverts: frame.adverts.slice(0, count) }), options);

const withRoster = (change: (roster: RosterView) => RosterView) => () => {
  const honest: Forge<'cohort'> = (frame) => frame;
  return forged('cohort', honest, {
    onOpen: (options) => (options.participantId === victim ? { ...options, roster: change(options.roster) } : options),
  });
};

const refuses = 'session' as const;
const strictKey = 'a canonical X25519 key of 32 bytes, not of low order';
const badKey = {
  rule: 'cohort.key',
  code: 'verification',
  required: strictKey,
  offered: 'another one, of 32 bytes',
  refuses,
} as const;
/** u = 2^255 − 19, the field prime itself: zero in a second spelling. */
const fieldPrime = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xed : i === 31 ? 0x7f : 0xff));
/** u = 1, of order four. */
const lowOrder = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));

export const cohortRefusals: readonly RefusalCase[] = [
  {
    what: 'with a member that is not in its roster',
    rule: 'cohort.roster',
    code: 'refused',
    required: 'a member of the roster',
    offered: '3',
    refuses,
    play: withRoster((roster) => new Map([...roster].filter(([id]) => id !== '3'))),
  },
  {
    what: 'with more members outside its list than may collude',
    rule: 'cohort.unlisted',
    code: 'refused',
    required: 1,
    offered: 2,
    refuses,
    play: () =>
      forged('cohort', (frame) => frame, {
        onOpen: (options) => (options.participantId === victim ? { ...options, listed: new Set(['2', '3']) } : options),
      }),
  },
  {
    what: 'with two members of one organization',
    rule: 'cohort.organization',
    code: 'refused',
    required: 'one participant per organization',
    offered: 'org-2',
    refuses,
    play: withRoster((roster) => new Map(roster).set('3', { ...roster.get('3')!, organization: 'org-2' })),
  },
  { ...badKey, what: 'with a mask key of zeros', play: withKey(2, { maskKey: new Uint8Array(32) }) },
  { ...badKey, what: 'with a sealing key of low order', play: withKey(2, { sealingKey: lowOrder }) },
  { ...badKey, what: 'with a mask key that is not below the prime', play: withKey(2, { maskKey: fieldPrime }) },
  {
    ...badKey,
    what: 'with a sealing key whose top bit is set',
    play: withKey(2, { sealingKey: new Uint8Array(32).fill(0xff) }),
  },
  {
    what: 'in which a key occurs twice among the 2n',
    rule: 'cohort.duplicate-key',
    code: 'verification',
    required: 10,
    offered: 9,
    refuses,
    play: () =>
      forged('cohort', (frame, session) => {
        const { sealingKey } = codec.advert.decode(frame.adverts[3]!.body);
        return resigned(frame, session, { index: 2, fields: { maskKey: sealingKey } });
      }),
  },
  {
    what: 'that leaves it out',
    rule: 'cohort.self-absent',
    code: 'verification',
    required: victim,
    offered: '2, 3, 4, 5',
    refuses,
    play: () => forged('cohort', (frame) => ({ ...frame, adverts: frame.adverts.slice(1) })),
  },
  {
    what: 'that alters its own entry',
    rule: 'cohort.self-altered',
    code: 'verification',
    required: 'the advertisement that was sent',
    offered: 'another one',
    refuses,
    play: withKey(0, { maskKey: new Uint8Array(32).fill(9) }),
  },
  {
    what: 'with an advertisement for another configuration',
    rule: 'cohort.config',
    code: 'verification',
    required: digest,
    offered: '0'.repeat(64),
    refuses,
    play: withKey(2, { configHash: new Uint8Array(32) }),
  },
  {
    what: 'with an advertisement its participant did not sign',
    rule: 'cohort.signature',
    code: 'verification',
    required: 'a signature by the identity key in the roster',
    offered: badSignature,
    refuses,
    play: () =>
      forged('cohort', (frame) => {
        const advert = frame.adverts[2]!;
        return { ...frame, adverts: replaced(frame.adverts, 2, { ...advert, signature: flip(advert.signature) }) };
      }),
  },
  {
    what: 'that is not sorted',
    rule: 'cohort.order',
    code: 'verification',
    required: 'an id after 5',
    offered: '4',
    refuses,
    play: () => forged('cohort', (frame) => ({ ...frame, adverts: [...frame.adverts].reverse() })),
  },
  {
    what: 'that names one twice',
    rule: 'cohort.order',
    code: 'verification',
    required: 'an id after 1',
    offered: '1',
    refuses,
    play: () => forged('cohort', (frame) => ({ ...frame, adverts: replaced(frame.adverts, 1, frame.adverts[0]!) })),
  },
  {
    what: 'that is smaller than minCohort',
    rule: 'cohort.min',
    code: 'refused',
    required: 4,
    offered: 3,
    refuses,
    play: cut(3, { minCohort: 4 }),
  },
  {
    what: 'that is smaller than three',
    rule: 'cohort.min',
    code: 'refused',
    required: 3,
    offered: 2,
    refuses,
    play: cut(2),
  },
  {
    what: 'that is smaller than c + 2',
    rule: 'cohort.colluders',
    code: 'refused',
    required: 5,
    offered: 4,
    refuses,
    play: cut(4, { maxColluders: 3 }),
  },
  {
    what: 'that is smaller than minSurvivors',
    rule: 'cohort.survivors',
    code: 'refused',
    required: 5,
    offered: 4,
    refuses,
    play: cut(4, { minSurvivors: 5 }),
  },
  {
    what: 'that is larger than maxCohort',
    rule: 'cohort.max',
    code: 'refused',
    required: 5,
    offered: 6,
    refuses,
    play: () => forged('cohort', (frame) => ({ ...frame, adverts: [...frame.adverts, frame.adverts[0]!] })),
  },
  {
    what: 'that is the second one for its advertisement',
    rule: 'cohort.second',
    code: 'verification',
    required: digest,
    offered: digest,
    refuses,
    play: () =>
      forged('boxes', (_, session) => {
        const [, cohort] = framesSent(session.aggregator, victim) as [SessionFrame, CohortFrame];
        return { ...cohort, adverts: cohort.adverts.slice(0, 4) };
      }),
  },
];
