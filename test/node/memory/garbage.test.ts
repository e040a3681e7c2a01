import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Garbage, minorCollection, serverCollection } from '@concordat/node';
import { expect } from 'chai';

/** In a function of its own: what it held is nobody's when it returns. */
function bytesThatGrewOld(): number {
  const messages = Array.from({ length: 64 }, () => new Uint8Array(65_536).fill(1));
  for (const minor of [minorCollection(), minorCollection()]) minor();
  return messages.reduce((sum, { length }) => sum + length, 0);
}

describe('garbage that is counted', () => {
  it('is collected whenever there is enough of it', () => {
    let collections = 0;
    const garbage = new Garbage(100, () => {
      collections += 1;
    });
    garbage.made(60);
    expect(collections).to.equal(0);
    garbage.made(40);
    expect(collections).to.equal(1);
    garbage.made(99);
    expect(collections).to.equal(1);
    garbage.made(1);
    expect(collections).to.equal(2);
  });

  it('is freed by a minor collection of this runtime', () => {
    const collect = minorCollection();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 64; i++) new Uint8Array(65_536).fill(1);
    expect(process.memoryUsage().arrayBuffers - before).to.be.above(2 ** 22 - 2 ** 20);
    collect();
    // What was swept meanwhile is accounted for by the next one.
    collect();
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(2 ** 20);
  });

  it('is freed by a collection of everything when too much of it was taken for old', () => {
    // Less than nothing: everything is looked at each time, whatever else this process lets go meanwhile.
    const collect = serverCollection(-1);
    collect();
    const before = process.memoryUsage().arrayBuffers;
    expect(bytesThatGrewOld()).to.equal(2 ** 22);
    collect();
    collect();
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(2 ** 20);
  });

  it('has the whole heap marked half as often where that is asked for', async function () {
    this.timeout(30_000);
    const program = resolve(import.meta.dirname, 'marking-program.js');
    const marked = async (...args: string[]) =>
      Number((await promisify(execFile)(process.execPath, [program, ...args])).stdout);
    const [usual, seldom] = [await marked(), await marked('seldom')];
    // Once for each of sixteen models of 40 MB; and once for two, which are more than the 64 MB that V8 grants in any case.
    expect(seldom).to.be.below(0.75 * usual);
  });

  it('leaves nothing behind in contexts that are made later', () => {
    minorCollection();
    expect('gc' in globalThis).to.equal(false);
  });
});
