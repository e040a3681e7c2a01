import { type DealersFrame, inputsHash, type ProposalFrame, toBitmap } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec as codec } from '@concordat/proto';
import { replaced } from '../../support/mutations.js';
import type { CoordinatorCase } from '../hostile-case.js';
import type { Stage } from '../stage.js';
import { flip, lying, proposalOf, victim } from './forging.js';

const others = 'bluebird, cobalt, delta, echo';
const onlyVictim = (rule: string) => ({ verdict: { refuses: { [victim]: [rule] }, ends: [`sum of ${others}`] } });

/** U2 without some. */
const only = (frame: DealersFrame, dealers: readonly number[]): DealersFrame => ({
  ...frame,
  dealers: toBitmap(5, dealers),
  shares: frame.shares.filter(({ dealer }) => dealers.includes(dealer)),
});

/** The uploads that came from these participants, as a proposal shows them. */
async function uploadsOf(stage: Stage, who: readonly string[]): Promise<ProposalFrame['uploads']> {
  const uploads = await Promise.all(who.map((name) => stage.reply(name, 'upload')));
  return who.map((name, i) => ({ participant: stage.present.indexOf(name), upload: uploads[i]!.upload }));
}

/** What a proposal of these uploads has to say of them, for a client of this sid2. */
export function saidOf(uploads: ProposalFrame['uploads'], sid2: Uint8Array) {
  const members = uploads.map(({ participant, upload }) => ({
    index: participant,
    bodyHash: nodeCrypto.sha256(upload.body),
  }));
  return { sid2, inputsHash: inputsHash(nodeCrypto, sid2, 5, members) };
}

export const dealerCases: readonly CoordinatorCase[] = [
  {
    lie: 'shows too few dealers to hide one among them',
    ...onlyVictim('dealers.too-few'),
    ...lying('dealers', (frame) => only(frame, [0, 1, 2])),
  },
  {
    lie: 'leaves the participant it talks to out of the dealers',
    ...onlyVictim('dealers.self'),
    ...lying('dealers', (frame) => only(frame, [1, 2, 3, 4])),
  },
  {
    lie: 'shows another share body than the one whose boxes were confirmed',
    ...onlyVictim('dealers.share'),
    ...lying('dealers', (frame) => ({
      ...frame,
      shares: replaced(frame.shares, 2, { ...frame.shares[2]!, bodyHash: new Uint8Array(32) }),
    })),
  },
  {
    lie: 'shows a dealer that signed nothing, in the place of one whose box it withheld',
    ...onlyVictim('dealers.signature'),
    down(to, frame) {
      if (to !== victim) return [frame];
      if (frame.type === 'boxes') return [{ ...frame, boxes: frame.boxes.slice(1) }];
      if (frame.type !== 'dealers') return [frame];
      const [, bluebird] = frame.shares;
      const shown = { ...bluebird!, signature: flip(bluebird!.signature) };
      return [{ ...frame, shares: replaced(frame.shares, 1, shown) }];
    },
  },
  {
    lie: 'delivers one box twice',
    ...onlyVictim('boxes.dealers'),
    ...lying('boxes', (frame) => ({ ...frame, boxes: [...frame.boxes, frame.boxes[0]!] })),
  },
  {
    lie: 'delivers other boxes once they were confirmed',
    ...onlyVictim('boxes.second'),
    ...lying('dealers', (_, stage) => {
      const boxes = stage.frame(victim, 'boxes');
      return { ...boxes, boxes: boxes.boxes.slice(1) };
    }),
  },
  {
    lie: 'delivers a box of the dealer whose share index would be zero',
    // Nothing behind a message that is none can be believed: the client leaves its stream, and takes another.
    verdict: { refuses: { [victim]: ['malformed'] }, ends: [`sum of ${others}`] },
    // x = 1 + cohort index in GF(2^16): the index 65,535 would ask for the polynomial at zero, the secret itself.
    ...lying('boxes', (frame) => ({
      ...frame,
      boxes: replaced(frame.boxes, 0, { ...frame.boxes[0]!, dealer: 65_535 }),
    })),
  },
  {
    lie: 'shows one participant other dealers than the rest (split U2)',
    // Its vector has masks of another set: the machine finds it foreign and goes on without.
    verdict: { refuses: { [victim]: ['survivors.session'] }, ends: [`sum of ${others}`] },
    ...lying('dealers', (frame) => only(frame, [0, 1, 2, 3])),
  },
  {
    lie: 'shows two halves other dealers, and each half its own survivors (split U2)',
    verdict: {
      refuses: { acme: ['survivors.upload'], bluebird: ['survivors.upload'] },
      ends: ['aborted'],
    },
    down(to, frame) {
      const isHalf = to === 'acme' || to === 'bluebird';
      if (frame.type === 'dealers' && isHalf) return [only(frame, [0, 1, 2, 3])];
      return [frame];
    },
    up: (from, frame) => (frame.type === 'upload' && (from === 'acme' || from === 'bluebird') ? undefined : frame),
    script: async (stage) => {
      await stage.gather();
      await stage.train();
      stage.world();
      const uploads = await uploadsOf(stage, ['acme', 'bluebird', 'cobalt', 'delta']);
      const { sid2 } = codec.upload.decode(uploads[0]!.upload.body);
      // Four are needed, and only two have vectors for this sid2: the others' are shown as theirs.
      const proposal = proposalOf(stage, uploads, saidOf(uploads, sid2));
      for (const name of ['acme', 'bluebird']) stage.say(name, proposal);
      await stage.over();
    },
  },
];
