import type { AbortCertificateFrame, ParticipantRecord, ProposalFrame, SessionFrame } from '@concordat/core';
import { flip, forged, n, victim } from '../../../support/forged-frames.js';
import { badSignature, digest, type RefusalCase } from '../../../support/refusal-case.js';
import { InMemorySession } from '../../../support/session.js';

const refuses = 'frame' as const;
const foreign = new Uint8Array(32);

/** Two of five are silent from certify: three sign survivors, T is four, and A = 3 abort. */
const silentFrom = new Map([
  ['4', 'certify'],
  ['5', 'certify'],
] as const);

const forgedCertificate = (forge: (frame: AbortCertificateFrame) => AbortCertificateFrame) =>
  forged('abort-certificate', forge, { silentFrom });

function sidOf(session: InMemorySession): Uint8Array {
  type Accepted = Extract<ParticipantRecord, { type: 'cohort-accepted' }>;
  const records = session.participantRecords.get(victim)!;
  return records.find((record): record is Accepted => record.type === 'cohort-accepted')!.sid;
}

/** The session goes on for the victim, although it signed abort. */
function shownAfterAbort(show: (proposal: ProposalFrame) => SessionFrame): InMemorySession {
  const proposals: ProposalFrame[] = [];
  const session = new InMemorySession({
    participants: n,
    maxColluders: 1,
    silentFrom,
    onFrame: (to, frame) => {
      if (to === victim && frame.type === 'proposal') proposals.push(frame);
      return frame;
    },
  }).run();
  session.toParticipant(victim, show(proposals[0]!));
  return session;
}

export const abortRefusals: readonly RefusalCase[] = [
  {
    what: 'of another session than the one whose cohort it accepted',
    rule: 'abort.session',
    code: 'verification',
    required: digest,
    offered: '0'.repeat(64),
    refuses,
    play: () => forged('abort-proposal', (frame) => ({ ...frame, sid: foreign }), { silentFrom }),
  },
  {
    what: 'when it has revealed',
    rule: 'abort.revealed',
    code: 'refused',
    required: 'nothing revealed',
    offered: 'a reveal',
    refuses,
    play: () => {
      const session = new InMemorySession({ participants: n, maxColluders: 1 }).run();
      session.toParticipant(victim, { type: 'abort-proposal', sid: sidOf(session) });
      return session;
    },
  },
  {
    what: 'and then survivors all the same',
    rule: 'abort.signed',
    code: 'refused',
    required: 'an aborted session',
    offered: 'survivors or their certificate',
    refuses,
    play: () => shownAfterAbort((proposal) => proposal),
  },
  {
    what: 'and then a certificate all the same',
    rule: 'abort.signed',
    code: 'refused',
    required: 'an aborted session',
    offered: 'survivors or their certificate',
    refuses,
    play: () => shownAfterAbort(({ proposal }) => ({ type: 'certificate', body: proposal.body, signatures: [] })),
  },
  {
    what: 'whose certificate is of another session',
    rule: 'abort.session',
    code: 'verification',
    required: digest,
    offered: '0'.repeat(64),
    refuses,
    play: () =>
      forgedCertificate((frame) => ({ ...frame, body: Uint8Array.of(...frame.body.subarray(0, 2), ...foreign) })),
  },
  {
    what: 'whose certificate is short',
    rule: 'abort.short',
    code: 'refused',
    required: 3,
    offered: 2,
    refuses,
    play: () => forgedCertificate((frame) => ({ ...frame, signatures: frame.signatures.slice(0, 2) })),
  },
  {
    what: 'whose certificate counts a signer twice',
    rule: 'abort.repeated',
    code: 'verification',
    required: 'distinct signers',
    offered: 0,
    refuses,
    play: () =>
      forgedCertificate((frame) => ({
        ...frame,
        signatures: [frame.signatures[0]!, ...frame.signatures.slice(0, 2)],
      })),
  },
  {
    what: 'whose certificate has a signer outside the cohort',
    rule: 'abort.signer',
    code: 'verification',
    required: 'an index below 5',
    offered: 5,
    refuses,
    play: () =>
      forgedCertificate((frame) => ({
        ...frame,
        signatures: [...frame.signatures.slice(0, 2), { ...frame.signatures[2]!, participant: 5 }],
      })),
  },
  {
    what: 'whose certificate has a signature on something else',
    rule: 'abort.signature',
    code: 'verification',
    required: 'a signature on this abort',
    offered: badSignature,
    refuses,
    play: () =>
      forgedCertificate((frame) => ({
        ...frame,
        signatures: frame.signatures.map((one) => ({ ...one, signature: flip(one.signature) })),
      })),
  },
];
