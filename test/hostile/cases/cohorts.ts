import { type CohortFrame, signBody } from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { sessionCodec as codec } from '@concordat/proto';
import type { CoordinatorCase } from '../hostile-case.js';
import { advertOf, flip, lying, victim, withAdvert } from './forging.js';

const others = 'bluebird, cobalt, delta, echo';
const onlyVictim = (rule: string, colluding: readonly string[] = []) => ({
  verdict: { refuses: { [victim]: [rule] }, ends: [`sum of ${others}`] },
  colluding,
});

/** u = 1, of order four. */
const lowOrder = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));

/** L, the order of the Ed25519 base point, little-endian. */
const order = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex');

/** The same signature in a second spelling: S + L, which libraries without the check accept. */
export function withOrderAdded(signature: Uint8Array): Uint8Array {
  const spelt = signature.slice();
  let carry = 0;
  for (let i = 0; i < 32; i++) {
    carry += spelt[32 + i]! + order[i]!;
    spelt[32 + i] = carry & 0xff;
    carry >>= 8;
  }
  return spelt;
}

export const cohortCases: readonly CoordinatorCase[] = [
  {
    lie: 'swaps the mask key of a member for its own',
    ...onlyVictim('cohort.signature'),
    ...lying('cohort', (frame) => {
      const body = codec.advert.decode(frame.adverts[3]!.body);
      const maskKey = nodeCrypto.x25519PublicKey(new Uint8Array(32).fill(7));
      const swapped = { body: codec.advert.encode({ ...body, maskKey }), signature: frame.adverts[3]!.signature };
      return withAdvert(frame, 3, swapped);
    }),
  },
  {
    lie: 'swaps the signatures of two members',
    ...onlyVictim('cohort.signature'),
    ...lying('cohort', (frame) => {
      const [, , cobalt, delta] = frame.adverts;
      return withAdvert(frame, 3, { body: delta!.body, signature: cobalt!.signature });
    }),
  },
  {
    lie: 'swaps the key of the very participant it talks to',
    ...onlyVictim('cohort.self-altered', [victim]),
    ...lying('cohort', (frame, stage) => {
      const maskKey = nodeCrypto.x25519PublicKey(new Uint8Array(32).fill(7));
      return withAdvert(frame, 0, advertOf(stage, frame.adverts[0]!, { maskKey }));
    }),
  },
  {
    lie: 'spells a signature a second way, S + L',
    ...onlyVictim('cohort.signature'),
    ...lying('cohort', (frame) => {
      const { body, signature } = frame.adverts[2]!;
      return withAdvert(frame, 2, { body, signature: withOrderAdded(signature) });
    }),
  },
  {
    lie: 'has a colluder advertise a key of low order',
    ...onlyVictim('cohort.key', ['delta']),
    ...lying('cohort', (frame, stage) =>
      withAdvert(frame, 3, advertOf(stage, frame.adverts[3]!, { maskKey: lowOrder })),
    ),
  },
  {
    lie: 'has a colluder repeat the key of another member',
    ...onlyVictim('cohort.duplicate-key', ['delta']),
    ...lying('cohort', (frame, stage) => {
      const { maskKey } = codec.advert.decode(frame.adverts[2]!.body);
      return withAdvert(frame, 3, advertOf(stage, frame.adverts[3]!, { maskKey }));
    }),
  },
  {
    lie: 'shows a cohort that is too small to hide in',
    ...onlyVictim('cohort.min'),
    ...lying('cohort', (frame) => ({ ...frame, adverts: frame.adverts.slice(0, 3) })),
  },
  {
    lie: 'leaves out the very participant it talks to',
    ...onlyVictim('cohort.self-absent'),
    ...lying('cohort', (frame) => ({ ...frame, adverts: frame.adverts.slice(1) })),
  },
  {
    lie: 'invents a member that is in no roster',
    ...onlyVictim('cohort.roster'),
    ...lying('cohort', (frame) => {
      const mallory = identityFromSeed(new Uint8Array(32).fill(66));
      const echo = codec.advert.decode(frame.adverts[4]!.body);
      const body = codec.advert.encode({
        ...echo,
        participantId: 'mallory',
        sealingKey: nodeCrypto.x25519PublicKey(new Uint8Array(32).fill(67)),
        maskKey: nodeCrypto.x25519PublicKey(new Uint8Array(32).fill(68)),
      });
      return withAdvert(frame, 4, signBody(nodeCrypto, mallory, 'CSA1/advert', body));
    }),
  },
  {
    lie: 'shows the cohort in another order, which would give other cohort indexes',
    ...onlyVictim('cohort.order'),
    ...lying('cohort', (frame) => ({ ...frame, adverts: [...frame.adverts].reverse() })),
  },
  {
    lie: 'uses one advertisement in two cohorts',
    ...onlyVictim('cohort.second'),
    ...lying('boxes', (_, stage) => {
      const cohort = stage.frame(victim, 'cohort');
      return { ...cohort, adverts: cohort.adverts.slice(0, 4) };
    }),
  },
  {
    lie: 'opens a second session for one advertisement',
    ...onlyVictim('config.second'),
    ...lying('cohort', (_, stage) => {
      const config = codec.config.encode({ ...stage.config(), sessionNonce: new Uint8Array(32) });
      return { type: 'open', config: signBody(nodeCrypto, stage.consortium.coordinatorKey, 'CSA1/config', config) };
    }),
  },
  {
    lie: 'replays an advertisement of the round before',
    verdict: {
      refuses: { [victim]: ['cohort.signature', 'cohort.config'] },
      ends: [`sum of ${others}`, `sum of ${others}`],
    },
    down(to, frame, stage, world) {
      if (to !== victim || frame.type !== 'cohort') return [frame];
      const old = stage.worlds[0]!.state.sent.get('delta')?.find((one): one is CohortFrame => one.type === 'cohort');
      // In round 1 the victim leaves before anything of its update is bound.
      const { body, signature } = frame.adverts[2]!;
      if (world.options.config.round === 1) return [withAdvert(frame, 2, { body, signature: flip(signature) })];
      return [withAdvert(frame, 3, old!.adverts[3]!)];
    },
    script: async (stage) => {
      await stage.play();
      await stage.train(2, 1);
      stage.world({ config: stage.config(2, 1), invited: stage.present });
      await stage.over();
    },
  },
  {
    lie: 'shows two halves two cohorts over the same advertisements',
    verdict: { refuses: {}, ends: ['abandoned in share', 'sum of cobalt, delta, echo'] },
    script: async (stage) => {
      await stage.gather();
      await stage.train();
      // T = 3 of four: the first two are too few for their own cohort, the last three are enough for theirs.
      stage.world({ invited: ['acme', 'bluebird', 'cobalt', 'delta'], audience: ['acme', 'bluebird'] });
      stage.world({ invited: ['bluebird', 'cobalt', 'delta', 'echo'], audience: ['cobalt', 'delta', 'echo'] });
      await stage.over();
    },
  },
];
