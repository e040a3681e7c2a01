import type { ClientEvent } from '@concordat/client-sdk';
import type { CryptoPort } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { Gate } from '../gate.js';
import type { Kind } from '../kind.js';

/** Of two shares, sealed. */
const boxBytes = 2 * 32 + 16;

/** One participant leaves while it trains; the round goes on with all the others. */
export const lost: Kind = {
  name: 'lost',
  alone: ['journal.training-left'],
  async play(stage) {
    const gate = new Gate();
    const mayFit = async (name: string) => (name === 'foxtrot' ? gate.passed : undefined);
    const draft = { rounds: 1, cohort: { min: 5, size: 6, max: 6 } };
    const underWay = await stage.begin('', { draft, company: { mayFit } });
    await stage.until(underWay.run, ({ standing }) => standing?.phase === 'train');
    await stage.decline('foxtrot', underWay.run, 1, 'train');
    gate.open();
    await stage.finish(underWay);
  },
};

/** One participant takes its approval back while it trains: the round under way keeps it. */
export const refused: Kind = {
  name: 'refused',
  alone: ['journal.refused'],
  async play(stage) {
    const gate = new Gate();
    const underWay = await stage.begin('', { draft: { rounds: 1 }, company: { mayFit: () => gate.passed } });
    await stage.until(underWay.run, ({ standing }) => standing?.phase === 'train');
    await stage.decline('foxtrot', underWay.run, 0, 'approve');
    gate.open();
    await stage.finish(underWay);
  },
};

/** One participant leaves in the upload: its masks are taken out of the sum. It is in the next one again. */
export const dropped: Kind = {
  name: 'dropped',
  alone: ['journal.session-dropped'],
  async play(stage) {
    const held = stage.levers.hold('foxtrot', /UploadMaskedUpdate/);
    const underWay = await stage.begin('', { draft: { rounds: 2, minSurvivors: 5 } });
    await held.reached;
    await stage.decline('foxtrot', underWay.run, 1, 'upload');
    await stage.until(underWay.run, ({ modelVersion }) => modelVersion >= 1);
    held.release();
    await stage.finish(underWay);
  },
};

/** One participant reads no box that it is sent, and another one’s signatures are wrong. */
export const lying: Kind = {
  name: 'lying',
  alone: ['journal.session-unconfirmed', 'journal.session-blamed'],
  async play(stage) {
    stage.levers.forge('foxtrot', /Rounds\/Confirm/);
    const deaf: CryptoPort = {
      ...nodeCrypto,
      secretboxOpen: (box, ...key) => (box.length === boxBytes ? undefined : nodeCrypto.secretboxOpen(box, ...key)),
    };
    const crypto = (name: string) => (name === 'echo' ? deaf : nodeCrypto);
    await stage.finish(await stage.begin('', { draft: { rounds: 2, minSurvivors: 5 }, company: { crypto } }));
  },
};

/** Too few upload: the round is abandoned, its updates are freed by an abort certificate, and it is tried again. */
export const short: Kind = {
  name: 'short',
  alone: ['journal.session-abandoned', 'journal.session-aborted'],
  async play(stage) {
    const held = stage.levers.hold('foxtrot', /UploadMaskedUpdate/);
    const onShortfall = { action: 'retry', times: 2 } as const;
    const underWay = await stage.begin('', { draft: { rounds: 1, minSurvivors: 6, onShortfall } });
    await held.reached;
    await stage.decline('foxtrot', underWay.run, 1, 'upload');
    held.release();
    await stage.finish(underWay);
  },
};

/** Lines break in the middle of uploads, which go on where they were. */
export const cut: Kind = {
  name: 'cut',
  alone: [],
  async play(stage) {
    for (const name of ['bluebird', 'echo']) {
      stage.levers.cut(name, /UploadMaskedUpdate/, { messages: 2, times: 2 });
    }
    await stage.finish(await stage.begin('', { draft: { rounds: 2 }, parameters: 60_000 }));
  },
};

/** One participant computes a sum anew and comes to another one, and disputes it. */
export const disputed: Kind = {
  name: 'disputed',
  alone: [],
  async play(stage) {
    let lies = false;
    const onEvent = (name: string, { type }: ClientEvent) => {
      // A coordinator that died right behind the round tells of the end alone.
      if (name === 'foxtrot' && (type === 'published' || type === 'finished')) lies = true;
    };
    const crypto = (name: string) => (name === 'foxtrot' ? miscounting(() => lies) : nodeCrypto);
    const underWay = await stage.begin('', { draft: { rounds: 1 }, company: { crypto, onEvent } });
    await stage.finish(underWay, 'completed', 'foxtrot');
    const { releases } = await stage.until(underWay.run, () => true);
    const who = releases.flatMap((one) => one.disputed.map(({ participant, rule }) => `${participant} ${rule}`));
    if (who.join() !== 'foxtrot check.sum') throw new Error(`it is disputed by ${who.join() || 'nobody'}`);
  },
};

/** node:crypto whose keystreams are wrong in their first byte while `lies` says so. */
function miscounting(lies: () => boolean): CryptoPort {
  return {
    ...nodeCrypto,
    openKeystream(key, fromByte) {
      const stream = nodeCrypto.openKeystream(key, fromByte);
      return {
        next(length) {
          const bytes = stream.next(length);
          // Not a flipped bit: of six keystreams those add one as often as they take one away, and in a third of all cases come to nothing.
          if (lies()) bytes[0]! += 1;
          return bytes;
        },
      };
    },
  };
}
