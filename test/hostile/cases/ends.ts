import type { CoordinatorCase } from '../hostile-case.js';
import type { Stage } from '../stage.js';
import type { World } from '../world.js';
import { victim } from './forging.js';

/** A session that has come to its statements, and no further: they are kept back. */
async function signed(stage: Stage): Promise<World> {
  await stage.gather();
  await stage.train();
  const world = stage.world();
  await Promise.all(stage.present.map((name) => stage.reply(name, 'certify')));
  return world;
}

const keptBack: Pick<CoordinatorCase, 'up'> = { up: (_, frame) => (frame.type === 'certify' ? undefined : frame) };

export const endCases: readonly CoordinatorCase[] = [
  {
    lie: 'asks for an abort after a reveal',
    verdict: { refuses: { [victim]: ['abort.revealed'] }, ends: ['sum of acme, bluebird, cobalt, delta, echo'] },
    script: async (stage) => {
      const world = await stage.play();
      stage.say(victim, { type: 'abort-proposal', sid: world.sid! });
      await stage.refuses(victim);
    },
  },
  {
    lie: 'asks for survivors and a reveal after an abort',
    verdict: { refuses: { [victim]: ['abort.signed', 'abort.signed'] }, ends: ['aborted'] },
    ...keptBack,
    script: async (stage) => {
      const world = await signed(stage);
      world.step({ type: 'abandon', reason: 'given up' });
      await stage.reply(victim, 'abort');
      await stage.over();
      const proposal = stage.frame(victim, 'proposal');
      stage.say(victim, proposal);
      stage.say(victim, { type: 'certificate', body: proposal.proposal.body, signatures: [] });
      await stage.refuses(victim, 2);
    },
  },
  {
    lie: 'asks for the abort of another session',
    verdict: { refuses: { [victim]: ['abort.session'] }, ends: ['aborted'] },
    ...keptBack,
    script: async (stage) => {
      const world = await signed(stage);
      stage.say(victim, { type: 'abort-proposal', sid: new Uint8Array(32) });
      await stage.refuses(victim);
      world.step({ type: 'abandon', reason: 'given up' });
      await stage.over();
    },
  },
  {
    lie: 'shows an abort certificate of too few signatures',
    verdict: { refuses: { [victim]: ['abort.short'] }, ends: ['aborted'] },
    ...keptBack,
    down(to, frame) {
      if (to !== victim || frame.type !== 'abort-certificate') return [frame];
      return [{ ...frame, signatures: frame.signatures.slice(0, 2) }];
    },
    script: async (stage) => {
      const world = await signed(stage);
      world.step({ type: 'abandon', reason: 'given up' });
      await stage.over();
      await stage.refuses(victim);
    },
  },
  {
    lie: 'declares a session dead that it has opened, and asks for more on the same model',
    verdict: { refuses: { [victim]: ['base.signed'] }, ends: ['sum of acme, bluebird, cobalt, delta, echo'] },
    script: async (stage) => {
      await stage.play();
      stage.tell(victim, { type: 'abandoned', round: 1, reason: 'nothing was opened', retry: true });
      await stage.train(2, 0, [victim]);
    },
  },
  {
    lie: 'asks for an old round again',
    verdict: {
      refuses: { [victim]: ['base.signed', 'session.left'] },
      ends: ['sum of acme, bluebird, cobalt, delta, echo'],
    },
    script: async (stage) => {
      await stage.play();
      await stage.train(2, 0, [victim]);
      await stage.train(1, 1, [victim]);
      await stage.refuses(victim, 2);
    },
  },
  {
    lie: 'asks for one base model again and again, and opens nothing',
    verdict: {
      refuses: { [victim]: ['base.contributions'] },
      ends: ['upload', 'upload', 'upload'],
    },
    // Three vectors leave for one base, each trained afresh; a fourth does not.
    down: (_, frame) => (frame.type === 'proposal' ? [] : [frame]),
    up: (from, frame) => (frame.type === 'upload' && from === 'echo' ? undefined : frame),
    script: async (stage) => {
      await stage.gather();
      for (const round of [1, 2, 3]) {
        await stage.train(round);
        stage.world({ config: stage.config(round) });
        await Promise.all(stage.present.map((name) => stage.reply(name, 'upload', round)));
      }
      await stage.train(4, 0, [victim]);
    },
  },
];
