import { chooseChunks, type Random } from '@concordat/core';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import fc from 'fast-check';
import { crypto } from '../../../support/session.js';

describe('Chunks that are chosen', () => {
  it('are distinct, ascending, within the vector, and as many as wanted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 64 }),
        fc.nat(),
        (count, wanted, seed) => {
          const chosen = chooseChunks({ count, wanted, random: seededRandom(crypto, seed, 'chunks') });
          expect(chosen).to.have.length(Math.min(count, wanted));
          expect([...chosen]).to.deep.equal([...new Set(chosen)].sort((a, b) => a - b));
          expect(chosen.every((chunk) => Number.isInteger(chunk) && chunk >= 0 && chunk < count)).to.equal(true);
        },
      ),
      { seed: 3, numRuns: 300 },
    );
  });

  it('are all there are, without a draw, when as many are wanted or more', () => {
    const draws: number[] = [];
    const random: Random = {
      bytes(length) {
        draws.push(length);
        return new Uint8Array(length);
      },
    };
    for (const wanted of [5, 6, 64]) expect(chooseChunks({ count: 5, wanted, random })).to.deep.equal([0, 1, 2, 3, 4]);
    expect(draws).to.deep.equal([]);
  });

  it('are each as likely as every other', () => {
    const random = seededRandom(crypto, 7, 'chunks');
    const hits = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) {
      for (const chunk of chooseChunks({ count: 10, wanted: 3, random })) hits[chunk]! += 1;
    }
    // 3,000 expected, standard deviation 46.
    expect(hits.filter((count) => count < 2_770 || count > 3_230)).to.deep.equal([]);
  });
});
