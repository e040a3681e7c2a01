import { signBody, toBitmap } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec as codec } from '@concordat/proto';
import { replaced } from '../../support/mutations.js';
import type { CoordinatorCase } from '../hostile-case.js';
import { withOrderAdded } from './cohorts.js';
import { saidOf } from './dealers.js';
import { flip, lying, proposalOf, statementOf, victim } from './forging.js';

const all = 'sum of acme, bluebird, cobalt, delta, echo';
/** It uploaded: its update is in the sum of all, whether or not it signs or reveals. */
const refusing = (...rules: readonly string[]) => ({ verdict: { refuses: { [victim]: rules }, ends: [all] } });

/** "echo" answers this step, the answer is lost, and it is gone. */
const losing = (step: 'share' | 'upload', reason: string): Required<Pick<CoordinatorCase, 'up' | 'script'>> => ({
  up: (from, frame) => (from === 'echo' && frame.type === step ? undefined : frame),
  script: async (stage) => {
    await stage.gather();
    await stage.train();
    const world = stage.world();
    await stage.reply('echo', step);
    world.leave('echo', reason);
    await stage.over();
  },
});

export const survivorCases: readonly CoordinatorCase[] = [
  {
    lie: 'proposes two survivors',
    ...refusing('survivors.too-few'),
    ...lying('proposal', (frame, stage) => {
      const { sid2 } = codec.survivors.decode(frame.proposal.body);
      const two = frame.uploads.slice(0, 2);
      return proposalOf(stage, two, saidOf(two, sid2));
    }),
  },
  {
    lie: 'proposes survivors without the participant it talks to',
    ...refusing('survivors.self'),
    ...lying('proposal', (frame, stage) => {
      const { sid2 } = codec.survivors.decode(frame.proposal.body);
      const rest = frame.uploads.slice(1);
      return proposalOf(stage, rest, saidOf(rest, sid2));
    }),
  },
  {
    lie: 'proposes somebody who is no dealer',
    // The four dealers are all needed.
    verdict: { refuses: { [victim]: ['survivors.dealers'] }, ends: ['aborted'] },
    down(to, frame, stage) {
      if (to !== victim || frame.type !== 'proposal') return [frame];
      const body = codec.survivors.decode(frame.proposal.body);
      return [proposalOf(stage, frame.uploads, { ...body, survivors: toBitmap(5, [0, 1, 2, 3, 4]) })];
    },
    // Without the shares of "echo" there are four dealers.
    ...losing('share', 'its shares were lost'),
  },
  {
    lie: 'proposes a statement for other uploads than it shows',
    ...refusing('survivors.inputs'),
    ...lying('proposal', (frame, stage) => {
      const body = codec.survivors.decode(frame.proposal.body);
      return proposalOf(stage, frame.uploads, { ...body, inputsHash: new Uint8Array(32) });
    }),
  },
  {
    lie: 'lists one upload twice and another not at all (overlapping lists)',
    ...refusing('survivors.list'),
    ...lying('proposal', (frame) => ({ ...frame, uploads: replaced(frame.uploads, 3, frame.uploads[2]!) })),
  },
  {
    lie: 'shows another upload in the name of the participant it talks to',
    ...refusing('survivors.own-upload'),
    colluding: [victim],
    ...lying('proposal', (frame, stage) => {
      const body = { ...codec.upload.decode(frame.uploads[0]!.upload.body), merkleRoot: new Uint8Array(32) };
      const signer = stage.consortium.signers.get(victim)!;
      const upload = signBody(nodeCrypto, signer, 'CSA1/upload', codec.upload.encode(body));
      return { ...frame, uploads: replaced(frame.uploads, 0, { participant: 0, upload }) };
    }),
  },
  {
    lie: 'shows an upload that its participant did not sign',
    ...refusing('survivors.upload-signature'),
    ...lying('proposal', (frame) => {
      const { upload } = frame.uploads[2]!;
      const damaged = { ...upload, signature: flip(upload.signature) };
      return { ...frame, uploads: replaced(frame.uploads, 2, { participant: 2, upload: damaged }) };
    }),
  },
  {
    lie: 'asks for a second statement, without one survivor (equivocated survivor sets)',
    ...refusing('survivors.second'),
    ...lying('certificate', (frame, stage) => {
      const { sid2 } = codec.survivors.decode(frame.body);
      const fewer = stage.frame(victim, 'proposal').uploads.slice(0, 4);
      return [proposalOf(stage, fewer, saidOf(fewer, sid2)), frame];
    }),
  },
  {
    lie: 'asks for a second statement, with a vector that came late',
    verdict: { refuses: { [victim]: ['survivors.second'] }, ends: ['sum of acme, bluebird, cobalt, delta'] },
    staysAfterRefusal: true,
    ...lying('certificate', (frame, stage) => {
      const { sid2 } = codec.survivors.decode(frame.body);
      const late = stage.replies.find(({ from, frame: one }) => from === 'echo' && one.type === 'upload')!.frame;
      const uploads = [...stage.frame(victim, 'proposal').uploads];
      if (late.type === 'upload') uploads.push({ participant: 4, upload: late.upload });
      return [proposalOf(stage, uploads, saidOf(uploads, sid2)), frame];
    }),
    ...losing('upload', 'its vector came late'),
  },
  {
    lie: 'has two halves sign two overlapping sets of survivors',
    verdict: { refuses: {}, ends: ['aborted'] },
    down(to, frame, stage) {
      if (frame.type !== 'proposal') return [frame];
      const { sid2 } = codec.survivors.decode(frame.proposal.body);
      const left = to === 'acme' || to === 'bluebird' ? 4 : to === 'echo' ? 3 : 0;
      const shown = left === 0 ? frame.uploads : frame.uploads.filter(({ participant }) => participant !== left);
      return [left === 0 ? frame : proposalOf(stage, shown, saidOf(shown, sid2))];
    },
    // Three statements, none with four signatures: nobody reveals, and the session can only be aborted.
    up: (_, frame) => (frame.type === 'certify' ? undefined : frame),
    script: async (stage) => {
      await stage.gather();
      await stage.train();
      const world = stage.world();
      await Promise.all(stage.present.map((name) => stage.reply(name, 'certify')));
      world.step({ type: 'abandon', reason: 'no statement has T signatures' });
      await stage.over();
    },
  },
  {
    lie: 'shows a certificate of T − 1 signatures',
    ...refusing('certificate.short'),
    ...lying('certificate', (frame) => ({ ...frame, signatures: frame.signatures.slice(0, 3) })),
  },
  {
    lie: 'shows a certificate that counts a signer twice',
    ...refusing('certificate.repeated'),
    ...lying('certificate', (frame) => ({
      ...frame,
      signatures: [frame.signatures[0]!, ...frame.signatures.slice(0, 3)],
    })),
  },
  {
    lie: 'shows a certificate with a signer outside U3',
    verdict: { refuses: { [victim]: ['certificate.signer'] }, ends: ['sum of acme, bluebird, cobalt, delta'] },
    colluding: ['echo'],
    // Told the truth behind the lie, it reveals.
    staysAfterRefusal: true,
    ...lying('certificate', (frame, stage) => [
      { ...frame, signatures: [...frame.signatures.slice(0, 3), statementOf(stage, 4, frame.body)] },
      frame,
    ]),
    ...losing('upload', 'its vector was dropped'),
  },
  {
    lie: 'spells a signature of a certificate a second way, S + L',
    ...refusing('certificate.signature'),
    ...lying('certificate', (frame) => {
      const [first] = frame.signatures;
      const spelt = { ...first!, signature: withOrderAdded(first!.signature) };
      return { ...frame, signatures: replaced(frame.signatures, 0, spelt) };
    }),
  },
  {
    lie: 'shows a certificate on another statement than was signed here, with T true signatures',
    ...refusing('survivors.second'),
    colluding: ['bluebird', 'cobalt', 'delta'],
    ...lying('certificate', (frame, stage) => {
      const { sid2 } = codec.survivors.decode(frame.body);
      const fewer = stage.frame(victim, 'proposal').uploads.slice(0, 4);
      const { body } = proposalOf(stage, fewer, saidOf(fewer, sid2)).proposal;
      const signatures = [0, 1, 2, 3].map((participant) => statementOf(stage, participant, body));
      return { type: 'certificate', body, signatures };
    }),
  },
  {
    lie: 'shows a second certificate after the reveal',
    ...refusing('certificate.second'),
    colluding: ['bluebird', 'cobalt', 'delta'],
    ...lying('certificate', (frame, stage) => {
      const { sid2 } = codec.survivors.decode(frame.body);
      const fewer = stage.frame(victim, 'proposal').uploads.slice(0, 4);
      const { body } = proposalOf(stage, fewer, saidOf(fewer, sid2)).proposal;
      const signatures = [0, 1, 2, 3].map((participant) => statementOf(stage, participant, body));
      return [frame, { type: 'certificate', body, signatures }];
    }),
    script: async (stage) => {
      await stage.play();
      await stage.refuses(victim);
    },
  },
];
