import { Progress, payloadBytes } from '@concordat/coordinator';
import { expect } from 'chai';

const left = (participant: string) => ({ type: 'left', participant }) as const;

describe('the progress of a run', () => {
  it('is read by everybody at their own pace, from any sequence, to the end', async () => {
    const progress = new Progress();
    progress.emit(left('acme'));
    const seen: number[] = [];
    const watching = (async () => {
      for await (const { sequence } of progress.watch(1)) seen.push(sequence);
    })();
    progress.emit(left('bluebird'));
    progress.emit(left('cobalt'));
    progress.end();
    await watching;
    const late: number[] = [];
    for await (const { sequence } of progress.watch(3)) late.push(sequence);
    expect([seen, late]).to.deep.equal([[1, 2, 3], [3]]);
  });

  it('lets go of a watcher whose signal fires', async () => {
    const progress = new Progress();
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of progress.watch(1, stop.signal)) throw new Error(`unexpected ${event.sequence}`);
    })();
    stop.abort();
    await watching;
  });
});

describe('payload bytes', () => {
  it('count byte strings, texts and numbers wherever they are', () => {
    expect(payloadBytes({ a: new Uint8Array(10), b: ['xy', 5], c: null })).to.equal(16);
  });
});
