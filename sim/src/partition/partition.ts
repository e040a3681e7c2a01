import { FederatedError } from '@concordat/core';
import type { Draws } from '../draws.js';
import { byDirichlet, byDirichletSizes } from './dirichlet.js';
import { byGroups } from './groups.js';
import { byLabels } from './labels.js';
import { byShards } from './shards.js';
import { byGrowingSizes, evenly, type Growth } from './sizes.js';

/** What a partitioner sees of a data set. */
export interface PartitionedExamples {
  readonly count: number;
  /** [count] class numbers from 0; rules about labels need them. */
  readonly labels?: ArrayLike<number>;
  /** [count] whose example it is, where the data set says so: a writer, a speaker, an airport. */
  readonly groups?: readonly string[];
}

/** How a data set is dealt out; the names are those of scenario files. */
export type PartitionRule =
  | { readonly name: 'iid' }
  | { readonly name: 'dirichlet'; readonly alpha: number; readonly examplesMin?: number | undefined }
  | { readonly name: 'dirichlet-sizes'; readonly alpha: number; readonly examplesMin?: number | undefined }
  | { readonly name: 'shards'; readonly each: number }
  | { readonly name: 'labels'; readonly each: number }
  | { readonly name: 'sizes'; readonly growth: Growth }
  | { readonly name: 'groups' };

/** Of each participant the indices of its examples, in random order. No example is at two. */
export type Partition = readonly (readonly number[])[];

/** What a partitioner is given; `draws` is a stream of its own. */
export interface PartitionQuestion {
  readonly examples: PartitionedExamples;
  readonly participants: number;
  readonly draws: Draws;
}

/** A way to deal examples out: one of the rules, or a researcher's own. */
export type Partitioner = (question: PartitionQuestion) => Partition;

/**
 * The partitioner of a rule.
 *
 * @returns a function that throws `invalid-argument` where the examples cannot be dealt out so, with what would do.
 */
export function partitionerOf(rule: PartitionRule): Partitioner {
  switch (rule.name) {
    case 'iid':
      return evenly;
    case 'dirichlet':
      return (question) => byDirichlet(question, rule);
    case 'dirichlet-sizes':
      return (question) => byDirichletSizes(question, rule);
    case 'shards':
      return (question) => byShards(question, rule.each);
    case 'labels':
      return (question) => byLabels(question, rule.each);
    case 'sizes':
      return (question) => byGrowingSizes(question, rule.growth);
    case 'groups':
      return byGroups;
  }
}

/**
 * Deal examples out, and look at what came of it: custom partitioners are held to the same.
 *
 * @throws `invalid-argument` when the rule cannot hold; or an index is none, or at two participants, or somebody got nothing.
 */
export function partition(partitioner: Partitioner, question: PartitionQuestion): Partition {
  const { participants, examples } = question;
  if (examples.count < participants) {
    throw new FederatedError('invalid-argument', `${examples.count} examples for ${participants} participants`, {
      detail: { required: participants, offered: examples.count },
      fix: 'Have fewer participants, or more examples: everybody needs one at least.',
    });
  }
  const dealt = partitioner(question);
  requirePartition(dealt, question);
  return dealt;
}

function requirePartition(dealt: Partition, { participants, examples }: PartitionQuestion): void {
  const wrong = (problem: string, fix: string) => new FederatedError('invalid-argument', problem, { fix });
  if (dealt.length !== participants) {
    throw wrong(
      `the partition is for ${dealt.length} participants of ${participants}`,
      'Return a list for each of them.',
    );
  }
  const seen = new Uint8Array(examples.count);
  for (const [participant, own] of dealt.entries()) {
    if (own.length === 0) {
      throw wrong(
        `the partition leaves participant ${participant + 1} without examples`,
        'Give everybody one at least.',
      );
    }
    for (const index of own) {
      if (!(Number.isInteger(index) && index >= 0 && index < examples.count)) {
        throw wrong(`the partition has example ${index} of ${examples.count}`, 'Return indices from 0.');
      }
      if (seen[index] === 1) throw wrong(`the partition has example ${index} twice`, 'Give each to one participant.');
      seen[index] = 1;
    }
  }
}
