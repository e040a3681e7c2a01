import { Gate } from '../gate.js';
import type { Kind } from '../kind.js';

const quick: readonly string[] = ['acme', 'bluebird', 'cobalt'];

/** Two secure groups of three. */
export const grouped: Kind = {
  name: 'grouped',
  alone: [],
  async play(stage) {
    // Both are required: after a restart a round would otherwise go on with whoever is back first, in one.
    const groups = { min: 2, combine: 'sum' } as const;
    await stage.finish(await stage.begin('', { draft: { cohort: { min: 3, size: 6, max: 3 }, groups } }));
  },
};

/** Three publish two models without the others, whose first update is then too old; they publish the third. */
export const asynchronous: Kind = {
  name: 'asynchronous',
  alone: ['journal.training-assigned', 'journal.training-over'],
  async play(stage) {
    const [second, third] = [new Gate(), new Gate()];
    const mayFit = async (name: string, round: number) => {
      if (!quick.includes(name)) await second.passed;
      else if (round === 3) await third.passed;
    };
    const mode = { async: { bufferSize: 3, maxStaleness: 1, stalenessWeight: 'none' } } as const;
    const draft = { mode, cohort: { min: 3, size: 6 }, transcriptRetention: 4 };
    const underWay = await stage.begin('', { draft, company: { mayFit } });
    await stage.until(underWay.run, ({ modelVersion }) => modelVersion >= 2);
    second.open();
    await stage.until(underWay.run, ({ modelVersion }) => modelVersion >= 3);
    third.open();
    await stage.finish(underWay);
  },
};
