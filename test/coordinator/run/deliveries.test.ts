import { Deliveries } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { systemClock } from '@concordat/node';
import { expect } from 'chai';
import { errorOf } from '../../support/error-of.js';

/** What of a step was handled together; answers are letters, of which those in capitals wait for the others of `awaited`. */
function lettersOf(awaited: number) {
  const batches: string[] = [];
  const deliveries = new Deliveries<string, string>({
    handle: async (batch) => {
      batches.push(batch.map(({ event }) => event).join(''));
      for (const delivery of batch) {
        if (delivery.event === '!') delivery.error = new FederatedError('protocol', 'refused');
        else delivery.answer = delivery.event.toLowerCase();
      }
    },
    after: systemClock.after,
    canWait: (batch) => batch.length < awaited && batch.every(({ event }) => /[A-Z]/.test(event)),
  });
  const deliver = (letters: string) => Promise.all([...letters].map((letter) => deliveries.deliver(letter)));
  return { batches, deliveries, deliver };
}

describe('events of a run', () => {
  it('are handled together when they come together, each with its answer', async () => {
    const { batches, deliver } = lettersOf(0);
    expect(await deliver('abc')).to.deep.equal(['a', 'b', 'c']);
    expect(batches).to.deep.equal(['abc']);
  });

  it('wait for those that a step still lacks, across turns of the event loop, and not a turn longer', async () => {
    const { batches, deliver } = lettersOf(3);
    const first = deliver('A');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const second = deliver('B');
    await new Promise(setImmediate);
    expect(batches).to.deep.equal([]);
    await deliver('C');
    expect(batches).to.deep.equal(['ABC']);
    expect(await first).to.deep.equal(['a']);
    expect(await second).to.deep.equal(['b']);
  });

  it('wait no longer when one comes that cannot wait', async () => {
    const { batches, deliver } = lettersOf(9);
    const waiting = deliver('AB');
    await new Promise(setImmediate);
    await deliver('c');
    await waiting;
    expect(batches).to.deep.equal(['ABc']);
  });

  it('wait a moment at most for who never comes', async () => {
    const { batches, deliver } = lettersOf(9);
    expect(await deliver('A')).to.deep.equal(['a']);
    expect(batches).to.deep.equal(['A']);
  });

  it('wait no longer when the run is left', async () => {
    const { batches, deliveries, deliver } = lettersOf(9);
    const waiting = deliver('A');
    await new Promise(setImmediate);
    await deliveries.settled();
    await waiting;
    expect(batches).to.deep.equal(['A']);
  });

  it('are refused one by one', async () => {
    const { deliver, deliveries } = lettersOf(0);
    const [refused, answered] = [errorOf(deliveries.deliver('!')), deliver('a')];
    expect(await refused).to.have.property('message', 'refused');
    expect(await answered).to.deep.equal(['a']);
  });
});
