import { Gate } from '../gate.js';
import type { Kind } from '../kind.js';
import { unlessDone } from '../stage.js';

/** A run that an operator has pause after the round under way, and lets go on. */
export const paused: Kind = {
  name: 'paused',
  alone: ['journal.pausing', 'journal.paused', 'journal.resumed'],
  async play(stage) {
    const gate = new Gate();
    const mayFit = async (name: string) => (name === 'acme' ? gate.passed : undefined);
    const underWay = await stage.begin('', { draft: { rounds: 2 }, company: { mayFit } });
    const { run } = underWay;
    await stage.until(run, ({ standing }) => standing?.phase === 'train');
    await stage.operate((operator) => operator.pauseRun(run, 'a test'));
    gate.open();
    await stage.until(run, ({ state }) => state === 'paused');
    await stage.operate((operator) => operator.resumeRun(run).catch(unlessDone));
    await stage.finish(underWay);
  },
};

/** A run that an operator ends in an upload: updates are bound to the session by then, and an abort certificate frees them. */
export const ended: Kind = {
  name: 'ended',
  alone: ['journal.ending', 'journal.session-abandoned', 'journal.session-aborted'],
  async play(stage) {
    const held = stage.levers.hold('foxtrot', /UploadMaskedUpdate/);
    const underWay = await stage.begin('', { draft: { rounds: 2 } });
    await held.reached;
    await stage.operate(async (operator) => {
      // Said twice, nobody is asked for an abort any more.
      const isSaid = (await operator.journal(20, underWay.run)).some(({ kind }) => kind === 'ending');
      if (!isSaid) await operator.endRun(underWay.run, 'a test');
    });
    held.release();
    await stage.finish(underWay, 'aborted');
  },
};

/** A coordinator that is told to stop, and started again, in the middle of rounds. */
export const drained: Kind = {
  name: 'drained',
  alone: [],
  async play(stage) {
    const underWay = await stage.begin('');
    for (const version of [1, 2]) {
      await stage.until(underWay.run, ({ modelVersion }) => modelVersion >= version);
      await stage.house.drain();
    }
    await stage.finish(underWay);
  },
};
