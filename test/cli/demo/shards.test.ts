import { expect } from 'chai';
import { countLabels, dealShards, drawsOf, shuffled } from 'concordat';

const labels = Uint8Array.from({ length: 3000 }, (_, i) => i % 10);

describe('shards of labelled examples', () => {
  it('give every organization the same number of examples, none twice', () => {
    const dealt = dealShards(labels, { participants: 5, seed: 1 });
    expect(dealt.map((indices) => indices.length)).to.deep.equal([600, 600, 600, 600, 600]);
    expect(new Set(dealt.flat()).size).to.equal(3000);
  });

  it('leave each organization without some labels and the consortium with all', () => {
    const tables = dealShards(labels, { participants: 5, seed: 1 }).map((indices) =>
      countLabels(
        Uint8Array.from(indices, (i) => labels[i]!),
        10,
      ),
    );
    for (const counts of tables) expect(counts.filter((count) => count === 0)).to.not.be.empty;
    for (let label = 0; label < 10; label++) {
      expect(tables.reduce((sum, counts) => sum + counts[label]!, 0)).to.equal(300);
    }
  });

  it('lose no label with one organization', () => {
    for (const seed of [1, 2, 3]) {
      const dealt = dealShards(labels, { participants: 5, seed });
      for (let label = 0; label < 10; label++) {
        const holders = dealt.filter((indices) => indices.some((i) => labels[i] === label));
        expect(holders, `seed ${seed}, label ${label}`).to.have.lengthOf(3);
      }
    }
  });

  it('are the same for the same seed and others for another', () => {
    const dealt = (seed: number) => dealShards(labels, { participants: 5, seed });
    expect(dealt(7)).to.deep.equal(dealt(7));
    expect(dealt(7)).to.not.deep.equal(dealt(8));
  });

  it('keep the first examples of every shard when fewer are asked for', () => {
    const dealt = dealShards(labels, { participants: 5, seed: 1, examplesMax: 60 });
    expect(dealt.map((indices) => indices.length)).to.deep.equal([60, 60, 60, 60, 60]);
  });
});

describe('seeded draws', () => {
  it('stay in [0, 1) and differ by purpose', () => {
    const [a, b] = [drawsOf(1, 'a'), drawsOf(1, 'b')];
    const drawn = Array.from({ length: 100 }, () => a());
    expect(drawn.every((x) => x >= 0 && x < 1)).to.equal(true);
    expect(drawn).to.not.deep.equal(Array.from({ length: 100 }, () => b()));
  });

  it('shuffle without losing anything', () => {
    const list = Array.from({ length: 50 }, (_, i) => i);
    expect(shuffled(list, drawsOf(1, 'order')).sort((a, b) => a - b)).to.deep.equal(list);
  });
});
