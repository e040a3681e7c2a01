import { signBody } from '@concordat/core';
import { flip, forged, n, victim } from '../../../support/forged-frames.js';
import { replaced } from '../../../support/mutations.js';
import { badSignature, type RefusalCase } from '../../../support/refusal-case.js';
import { certificateOn, secondProposal } from '../../../support/second-statement.js';
import { codec, crypto, InMemorySession } from '../../../support/session.js';

const refuses = 'frame' as const;

export const certificateRefusals: readonly RefusalCase[] = [
  {
    what: 'that is short',
    rule: 'certificate.short',
    code: 'refused',
    required: 4,
    offered: 3,
    refuses,
    play: () => forged('certificate', (frame) => ({ ...frame, signatures: frame.signatures.slice(0, 3) })),
  },
  {
    what: 'that counts a signer twice',
    rule: 'certificate.repeated',
    code: 'verification',
    required: 'distinct signers',
    offered: 0,
    refuses,
    play: () =>
      forged('certificate', (frame) => ({
        ...frame,
        signatures: [frame.signatures[0]!, ...frame.signatures.slice(0, 3)],
      })),
  },
  {
    what: 'with a signer who did not survive',
    rule: 'certificate.signer',
    code: 'verification',
    required: '0, 1, 2, 3',
    offered: 4,
    refuses,
    play: () =>
      forged(
        'certificate',
        (frame, session) => {
          const { signature } = signBody(crypto, session.signers.get('5')!, 'CSA1/survivors', frame.body);
          return { ...frame, signatures: [...frame.signatures.slice(0, 3), { participant: 4, signature }] };
        },
        { silentFrom: new Map([['5', 'upload']]) },
      ),
  },
  {
    what: 'with a signature on something else',
    rule: 'certificate.signature',
    code: 'verification',
    required: 'a signature on this statement',
    offered: badSignature,
    refuses,
    play: () =>
      forged('certificate', (frame) => {
        const [first] = frame.signatures;
        return {
          ...frame,
          signatures: replaced(frame.signatures, 0, { ...first!, signature: flip(first!.signature) }),
        };
      }),
  },
  {
    what: 'of another session, with T true signatures',
    rule: 'survivors.session',
    code: 'verification',
    required: /^[0-9a-f]{64}$/,
    offered: '0'.repeat(64),
    refuses,
    // Its own statement of the session is lost, so that only sid2 can give the foreign one away.
    play: () =>
      new InMemorySession({
        participants: n,
        maxColluders: 1,
        onFrame: (to, frame, session) => {
          if (to !== victim) return frame;
          if (frame.type === 'proposal') return undefined;
          if (frame.type !== 'certificate') return frame;
          const body = codec.survivors.decode(frame.body);
          return certificateOn(session, codec.survivors.encode({ ...body, sid2: new Uint8Array(32) }));
        },
      }).run(),
  },
  {
    what: 'on another statement than it signed, with T true signatures',
    rule: 'survivors.second',
    code: 'verification',
    required: 'the statement signed before',
    offered: 'another one',
    refuses,
    play: () => forged('certificate', (_, session) => certificateOn(session, secondProposal(session).proposal.body)),
  },
  {
    what: 'that comes second, after its reveal',
    rule: 'certificate.second',
    code: 'verification',
    required: 'the statement it revealed on',
    offered: 'another one',
    refuses,
    play: () => {
      const session = new InMemorySession({ participants: n, maxColluders: 1 }).run();
      session.toParticipant(victim, certificateOn(session, secondProposal(session).proposal.body));
      return session;
    },
  },
];
