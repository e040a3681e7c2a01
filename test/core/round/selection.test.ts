import { chooseCohort, selectable } from '@concordat/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { randomOf } from './round-table.js';

const people = (n: number, organizations: number) =>
  Array.from({ length: n }, (_, i) => ({ participant: `p${i}`, organization: `o${i % organizations}` }));

describe('a chosen cohort', () => {
  it('has at most one participant of each organization and never more than asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (n, o, size) => {
          const candidates = people(n, o);
          const cohort = chooseCohort({ candidates, size, random: randomOf(`${n}/${o}/${size}`) });
          const organizations = cohort.map((name) => candidates.find((one) => one.participant === name)!.organization);
          expect(new Set(organizations).size).to.equal(cohort.length);
          expect(cohort.length).to.equal(Math.min(size, selectable(candidates)));
          expect(cohort).to.deep.equal([...cohort].sort());
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it('depends on the random stream and not on the order of check-ins', () => {
    const candidates = people(10, 10);
    const choose = (given: typeof candidates, name: string) =>
      chooseCohort({ candidates: given, size: 4, random: randomOf(name) });
    expect(choose([...candidates].reverse(), 'a')).to.deep.equal(choose(candidates, 'a'));
    expect(choose(candidates, 'b')).not.to.deep.equal(choose(candidates, 'a'));
  });

  it('gives everyone the same chance', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      for (const name of chooseCohort({ candidates: people(6, 6), size: 2, random: randomOf(`draw ${i}`) })) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    // 1,000 expected, σ ≈ 26.
    for (const count of counts.values()) expect(count).to.be.within(870, 1130);
  });
});
