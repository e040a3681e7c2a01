import { type ProposalFrame, type SurvivorsBody, signBody, toBitmap } from '@concordat/core';
import { flip, forged, n, victim } from '../../../support/forged-frames.js';
import { replaced } from '../../../support/mutations.js';
import { badSignature, digest, type RefusalCase } from '../../../support/refusal-case.js';
import { secondProposal } from '../../../support/second-statement.js';
import { codec, crypto, type InMemorySession, type SessionOptions } from '../../../support/session.js';

/** The coordinator proposes something else, and signs it. */
const proposing =
  (change: Partial<SurvivorsBody>, options: Partial<SessionOptions> = {}) =>
  () =>
    forged(
      'proposal',
      (frame, session) => {
        const body = codec.survivors.encode({ ...codec.survivors.decode(frame.proposal.body), ...change });
        return { ...frame, proposal: signBody(crypto, session.coordinator, 'CSA1/proposal', body) };
      },
      options,
    );

const survivors = (...indexes: readonly number[]) => ({ survivors: toBitmap(n, indexes) });

/** One upload header of the proposal is another one, signed by its participant: what a colluder can make. */
const showing = (index: number, change: object) => () =>
  forged('proposal', (frame, session) => ({ ...frame, uploads: withHeader(frame, session, index, change) }));

function withHeader(frame: ProposalFrame, session: InMemorySession, index: number, change: object) {
  const body = { ...codec.upload.decode(frame.uploads[index]!.upload.body), ...change };
  const signer = session.signers.get(String(index + 1))!;
  const upload = signBody(crypto, signer, 'CSA1/upload', codec.upload.encode(body));
  return replaced(frame.uploads, index, { participant: index, upload });
}

const refuses = 'frame' as const;
const tooFew = { rule: 'survivors.too-few', code: 'refused', refuses } as const;
const foreignUpload = { rule: 'survivors.upload', code: 'verification', refuses } as const;

export const survivorRefusals: readonly RefusalCase[] = [
  {
    what: 'that the coordinator did not propose',
    rule: 'survivors.proposal',
    code: 'verification',
    required: 'a signature under CSA1/proposal',
    offered: badSignature,
    refuses,
    play: () =>
      forged('proposal', (frame) => ({
        ...frame,
        proposal: { ...frame.proposal, signature: flip(frame.proposal.signature) },
      })),
  },
  {
    what: 'of another session',
    rule: 'survivors.session',
    code: 'verification',
    required: digest,
    offered: '0'.repeat(64),
    refuses,
    play: proposing({ sid2: new Uint8Array(32) }),
  },
  {
    what: 'who are not all dealers',
    rule: 'survivors.dealers',
    code: 'refused',
    required: 'U3 ⊆ U2',
    offered: 4,
    refuses,
    play: proposing(survivors(0, 1, 2, 3, 4), { silentFrom: new Map([['5', 'confirm']]) }),
  },
  { ...tooFew, what: 'who are fewer than T', required: 4, offered: 3, play: proposing(survivors(0, 1, 2)) },
  {
    ...tooFew,
    what: 'who are fewer than the plan demands, although they are T',
    required: 5,
    offered: 4,
    play: proposing(survivors(0, 1, 2, 3), { minSurvivors: 5 }),
  },
  {
    ...tooFew,
    what: 'who are two, whatever T and the plan say',
    required: 3,
    offered: 2,
    play: proposing(survivors(0, 1), { participants: 3, maxColluders: 0 }),
  },
  {
    what: 'of whom fewer than two others are on its list',
    rule: 'survivors.unlisted',
    code: 'refused',
    required: 2,
    offered: 1,
    refuses,
    // c = 2: with two unlisted members the cohort passes, and one of the two listed others is lost on the way. It is no other to itself.
    play: () =>
      forged('proposal', (frame) => frame, {
        maxColluders: 2,
        silentFrom: new Map([['2', 'upload']]),
        onOpen: (options) =>
          options.participantId === victim ? { ...options, listed: new Set([victim, '2', '3']) } : options,
      }),
  },
  {
    what: 'without itself',
    rule: 'survivors.self',
    code: 'verification',
    required: 0,
    offered: '1, 2, 3, 4',
    refuses,
    play: proposing(survivors(1, 2, 3, 4)),
  },
  {
    what: 'whose uploads are not shown',
    rule: 'survivors.list',
    code: 'verification',
    required: 5,
    offered: 4,
    refuses,
    play: () => forged('proposal', (frame) => ({ ...frame, uploads: frame.uploads.slice(0, 4) })),
  },
  {
    what: 'with an upload that is not signed by its participant',
    rule: 'survivors.upload-signature',
    code: 'verification',
    required: 'a signature under CSA1/upload',
    offered: badSignature,
    refuses,
    play: () =>
      forged('proposal', (frame) => {
        const { upload } = frame.uploads[2]!;
        const signed = { ...upload, signature: flip(upload.signature) };
        return { ...frame, uploads: replaced(frame.uploads, 2, { participant: 2, upload: signed }) };
      }),
  },
  {
    ...foreignUpload,
    what: 'with an upload of another session',
    required: /^\d+ bytes of 2 in [0-9a-f]{64}$/,
    offered: new RegExp(`^\\d+ bytes of 2 in ${'0'.repeat(64)}$`),
    play: showing(2, { sid2: new Uint8Array(32) }),
  },
  {
    ...foreignUpload,
    what: 'with an upload of another length',
    required: /^\d{3} bytes of 2 /,
    offered: /^48 bytes of 2 /,
    play: showing(2, { lengthBytes: 48 }),
  },
  {
    ...foreignUpload,
    what: 'with an upload of another participant',
    required: /bytes of 2 /,
    offered: /bytes of 3 /,
    play: showing(2, { participant: 3 }),
  },
  {
    what: 'with another upload in its own name',
    rule: 'survivors.own-upload',
    code: 'verification',
    required: digest,
    offered: digest,
    refuses,
    play: showing(0, { merkleRoot: new Uint8Array(32) }),
  },
  {
    what: 'for other uploads than it is shown',
    rule: 'survivors.inputs',
    code: 'verification',
    required: digest,
    offered: digest,
    refuses,
    play: showing(2, { merkleRoot: new Uint8Array(32) }),
  },
  {
    what: 'a second time, however valid the other proposal is',
    rule: 'survivors.second',
    code: 'verification',
    required: 'the statement signed before',
    offered: 'another one',
    refuses,
    play: () =>
      forged('certificate', (frame, session) => {
        session.toParticipant(victim, secondProposal(session));
        return frame;
      }),
  },
];
