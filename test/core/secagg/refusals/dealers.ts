import { type BoxesFrame, concat, type DealersFrame, framesSent, toBitmap, utf8Encode } from '@concordat/core';
import { forged, n, victim } from '../../../support/forged-frames.js';
import { replaced } from '../../../support/mutations.js';
import { badSignature, digest, type RefusalCase } from '../../../support/refusal-case.js';
import { InMemorySession } from '../../../support/session.js';

const only = (frame: DealersFrame, dealers: readonly number[]): DealersFrame => ({
  ...frame,
  dealers: toBitmap(n, dealers),
  shares: frame.shares.filter(({ dealer }) => dealers.includes(dealer)),
});
const refuses = 'session' as const;

const foreignBox = (what: string, dealer: number): RefusalCase => ({
  what,
  rule: 'boxes.dealers',
  code: 'refused',
  required: n - 1,
  offered: dealer,
  refuses,
  play: () => forged('boxes', (frame) => ({ ...frame, boxes: [...frame.boxes, { ...frame.boxes[0]!, dealer }] })),
});

export const boxRefusals: readonly RefusalCase[] = [
  foreignBox('that name a dealer twice', 2),
  foreignBox('of its own dealing', 0),
  foreignBox('of nobody in the cohort', 9),
  foreignBox('of an index below zero', -1),
  {
    what: 'other than those it confirmed',
    rule: 'boxes.second',
    code: 'verification',
    required: digest,
    offered: digest,
    refuses,
    play: () =>
      forged('dealers', (_, session) => {
        const boxes = framesSent(session.aggregator, victim)[2] as BoxesFrame;
        return { ...boxes, boxes: boxes.boxes.slice(1) };
      }),
  },
];

export const dealerRefusals: readonly RefusalCase[] = [
  {
    what: 'that are fewer than T',
    rule: 'dealers.too-few',
    code: 'refused',
    required: 4,
    offered: 3,
    refuses,
    play: () => forged('dealers', (frame) => only(frame, [0, 1, 2])),
  },
  {
    what: 'without itself',
    rule: 'dealers.self',
    code: 'refused',
    required: 0,
    offered: 'left out',
    refuses,
    play: () => forged('dealers', (frame) => only(frame, [1, 2, 3, 4])),
  },
  {
    what: 'whose share bodies are not listed in order',
    rule: 'dealers.list',
    code: 'verification',
    required: 5,
    offered: 5,
    refuses,
    play: () => forged('dealers', (frame) => ({ ...frame, shares: [...frame.shares].reverse() })),
  },
  {
    what: 'whose share bodies are not listed for each',
    rule: 'dealers.list',
    code: 'verification',
    required: 5,
    offered: 4,
    refuses,
    play: () => forged('dealers', (frame) => ({ ...frame, shares: frame.shares.slice(0, -1) })),
  },
  {
    what: 'with another share body than the one it confirmed',
    rule: 'dealers.share',
    code: 'verification',
    required: digest,
    offered: '0'.repeat(64),
    refuses,
    play: () =>
      forged('dealers', (frame) => ({
        ...frame,
        shares: replaced(frame.shares, 2, { ...frame.shares[2]!, bodyHash: new Uint8Array(32) }),
      })),
  },
  {
    what: 'with one whom it did not confirm and who signed nothing',
    rule: 'dealers.signature',
    code: 'verification',
    required: 'a signature by the dealer',
    offered: badSignature,
    refuses,
    play: () =>
      new InMemorySession({
        participants: n,
        maxColluders: 1,
        onFrame: (to, frame) => {
          if (to !== victim) return frame;
          if (frame.type === 'boxes') return { ...frame, boxes: frame.boxes.slice(1) };
          if (frame.type !== 'dealers') return frame;
          return { ...frame, shares: replaced(frame.shares, 1, { ...frame.shares[1]!, bodyHash: new Uint8Array(32) }) };
        },
      }).run(),
  },
  {
    what: 'with one whom it did not confirm and who signed a digest of another length',
    rule: 'dealers.signature',
    code: 'verification',
    required: 'a signature by the dealer',
    offered: badSignature,
    refuses,
    play: () =>
      new InMemorySession({
        participants: n,
        maxColluders: 1,
        onFrame: (to, frame, { signers }) => {
          if (to !== victim) return frame;
          if (frame.type === 'boxes') return { ...frame, boxes: frame.boxes.slice(1) };
          if (frame.type !== 'dealers') return frame;
          const bodyHash = new Uint8Array(31);
          const signature = signers.get('2')!.sign(concat(utf8Encode('CSA1/share'), Uint8Array.of(0), bodyHash));
          return { ...frame, shares: replaced(frame.shares, 1, { dealer: 1, bodyHash, signature }) };
        },
      }).run(),
  },
  {
    what: 'that come second, after its upload, and keeps to the first',
    rule: 'dealers.second',
    code: 'verification',
    required: digest,
    offered: digest,
    refuses: 'frame',
    play: () =>
      forged('proposal', (frame, session) => {
        session.toParticipant(victim, only(framesSent(session.aggregator, victim)[3] as DealersFrame, [0, 1, 2, 3]));
        return frame;
      }),
  },
];
