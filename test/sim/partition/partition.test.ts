import { FederatedError } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import {
  Draws,
  type Partition,
  type PartitionedExamples,
  type PartitionRule,
  partition,
  partitionerOf,
  seededRandom,
} from '@concordat/sim';
import { expect } from 'chai';

/** Ten labels, a hundred examples of each, mixed. */
const digits: PartitionedExamples = { count: 1_000, labels: Array.from({ length: 1_000 }, (_, i) => (7 * i) % 10) };

function dealt(rule: PartitionRule, participants: number, examples = digits, seed = 1): Partition {
  const draws = new Draws(seededRandom(nodeCrypto, seed, 'partition'));
  return partition(partitionerOf(rule), { examples, participants, draws });
}

const sizesOf = (parts: Partition) => parts.map((own) => own.length);
const labelsOf = (own: readonly number[], { labels } = digits) => new Set(own.map((index) => labels![index]!));
const all = (parts: Partition) => parts.flat().sort((a, b) => a - b);

function refusalOf(deal: () => unknown): FederatedError {
  try {
    deal();
  } catch (error) {
    if (error instanceof FederatedError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a partition', () => {
  const rules: readonly PartitionRule[] = [
    { name: 'iid' },
    { name: 'dirichlet', alpha: 0.5 },
    { name: 'dirichlet-sizes', alpha: 0.5 },
    { name: 'shards', each: 2 },
    { name: 'labels', each: 2 },
    { name: 'sizes', growth: 'linear' },
    { name: 'sizes', growth: 'square' },
  ];
  for (const rule of rules) {
    it(`by ${JSON.stringify(rule)} gives every example to one of ten, and the same again for the same seed`, () => {
      const parts = dealt(rule, 10);
      expect(all(parts)).to.deep.equal(Array.from({ length: 1_000 }, (_, index) => index));
      expect(dealt(rule, 10)).to.deep.equal(parts);
      expect(dealt(rule, 10, digits, 2)).to.not.deep.equal(parts);
    });
  }

  it('that is iid has equal parts, with one more for the first where they do not divide', () => {
    expect(sizesOf(dealt({ name: 'iid' }, 10))).to.deep.equal(Array(10).fill(100));
    const sizes = sizesOf(dealt({ name: 'iid' }, 3));
    expect(Math.max(...sizes) - Math.min(...sizes)).to.equal(1);
  });

  it('by two shards gives everybody as many examples, of two labels at most', () => {
    // Shards of 50 of 100 examples each: none has more than one label.
    const counts = dealt({ name: 'shards', each: 2 }, 10).map((own) => labelsOf(own).size);
    expect(Math.max(...counts)).to.be.at.most(2);
    expect(sizesOf(dealt({ name: 'shards', each: 2 }, 10))).to.deep.equal(Array(10).fill(100));
  });

  it('by shards leaves out what is no whole shard', () => {
    const parts = dealt({ name: 'shards', each: 2 }, 7);
    expect(sizesOf(parts)).to.deep.equal(Array(7).fill(2 * Math.floor(1_000 / 14)));
  });

  it('by labels gives each exactly so many, the n-th its own, and shares a label equally', () => {
    for (const each of [1, 2, 3]) {
      const parts = dealt({ name: 'labels', each }, 10);
      for (const [participant, own] of parts.entries()) {
        expect(labelsOf(own).size).to.equal(each);
        expect([...labelsOf(own)]).to.include(participant);
      }
      for (let label = 0; label < 10; label++) {
        const shares = parts
          .map((own) => own.filter((index) => digits.labels![index] === label).length)
          .filter(Boolean);
        expect(Math.max(...shares) - Math.min(...shares)).to.be.at.most(1);
      }
    }
  });

  it('by Dir(α) is nearly even for a large α, and nearly one label each for a small one', () => {
    const even = dealt({ name: 'dirichlet', alpha: 1_000 }, 10);
    for (const size of sizesOf(even)) expect(size).to.be.closeTo(100, 20);
    const skewed = dealt({ name: 'dirichlet', alpha: 0.05, examplesMin: 1 }, 10);
    const largest = skewed.map((own) => {
      const counts = Array(10).fill(0);
      for (const index of own) counts[digits.labels![index]!]++;
      return Math.max(...counts) / own.length;
    });
    expect(largest.reduce((sum, share) => sum + share, 0) / 10).to.be.above(0.6);
  });

  it('by sizes grows as it says', () => {
    expect(sizesOf(dealt({ name: 'sizes', growth: 'linear' }, 4))).to.deep.equal([100, 200, 300, 400]);
    const [first, second] = sizesOf(dealt({ name: 'sizes', growth: 'square' }, 4));
    expect(second! / first!).to.be.closeTo(4, 0.2);
    const exponential = sizesOf(dealt({ name: 'sizes', growth: 'exponential' }, 4));
    expect(exponential[3]! / exponential[2]!).to.be.closeTo(Math.E, 0.1);
  });

  it('by groups gives each participant one of them', () => {
    const groups = ['a', 'b', 'a', 'c', 'b', 'a'];
    const parts = dealt({ name: 'groups' }, 3, { count: 6, groups });
    expect(parts.map((own) => new Set(own.map((index) => groups[index])).size)).to.deep.equal([1, 1, 1]);
    expect(all(parts)).to.deep.equal([0, 1, 2, 3, 4, 5]);
    expect(dealt({ name: 'groups' }, 2, { count: 6, groups })).to.have.length(2);
  });

  it('that cannot be is refused with what would do', () => {
    const refused: readonly [PartitionRule, number, PartitionedExamples, RegExp][] = [
      [{ name: 'iid' }, 11, { count: 10 }, /10 examples for 11 participants/],
      [{ name: 'shards', each: 200 }, 10, digits, /need 2000 examples; there are 1000/],
      [{ name: 'labels', each: 11 }, 10, digits, /11 labels for each participant, and the data set has 10/],
      [{ name: 'labels', each: 10 }, 200, digits, /200 participants share a label with 100 examples/],
      [{ name: 'dirichlet', alpha: 0.001 }, 10, digits, /no partition by Dir\(0.001\) in 1000/],
      [{ name: 'dirichlet', alpha: 1 }, 10, { count: 1_000 }, /the data set has none/],
      [{ name: 'sizes', growth: 'exponential' }, 12, digits, /leave the first of 12 participants nothing/],
      [{ name: 'groups' }, 10, digits, /does not say whose/],
      [{ name: 'groups' }, 3, { count: 4, groups: ['a', 'b', 'a', 'b'] }, /2 groups for 3 participants/],
    ];
    for (const [rule, participants, examples, message] of refused) {
      const error = refusalOf(() => dealt(rule, participants, examples));
      expect(error.message).to.match(message);
      expect([error.code, error.fix]).to.satisfy(
        ([code, fix]: string[]) => code === 'invalid-argument' && fix !== undefined,
      );
    }
  });

  it('of a partitioner of one’s own is held to the same', () => {
    const own = (parts: Partition) => () =>
      partition(() => parts, {
        examples: digits,
        participants: 2,
        draws: new Draws(seededRandom(nodeCrypto, 1, 'own')),
      });
    expect(own([[0, 1], [2]])()).to.deep.equal([[0, 1], [2]]);
    expect(refusalOf(own([[0]])).message).to.equal('the partition is for 1 participants of 2');
    expect(refusalOf(own([[0], []])).message).to.equal('the partition leaves participant 2 without examples');
    expect(refusalOf(own([[0], [1_000]])).message).to.equal('the partition has example 1000 of 1000');
    expect(refusalOf(own([[0], [0]])).message).to.equal('the partition has example 0 twice');
  });
});
