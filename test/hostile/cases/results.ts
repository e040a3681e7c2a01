import { toHex } from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';
import type { CoordinatorCase } from '../hostile-case.js';
import { changedByOne, ShownSums, type SumLies } from '../shown-sums.js';
import type { Stage } from '../stage.js';

const everybody = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
const ends = ['sum of acme, bluebird, cobalt, delta, echo'];

/** Two groups of five at most; the other one is a name in the list of sums. */
const grouped: Pick<CoordinatorCase, 'plan'> = {
  plan: (consortium) =>
    consortium.plan({
      rounds: 1,
      aggregateCheck: 'on',
      transcriptRetention: 2,
      cohort: { min: 4, size: 10, max: 5 },
      reportingGoal: 10,
      groups: { min: 2, combine: 'sum' },
    }),
};

/** One group is played to its sum; then everybody is shown the sums of the round, and says what it found. */
function shown(lies: SumLies = {}, toTheRest: SumLies = lies): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const world = await stage.play();
    const views = [new ShownSums(stage, world, lies), new ShownSums(stage, world, toTheRest)] as const;
    for (const [at, name] of stage.present.entries()) {
      const view = views[at < 2 ? 0 : 1];
      stage.shown.set(name, view);
      const { modelHash } = view;
      stage.tell(name, { type: 'published', round: 1, modelVersion: 1, modelHash, survivors: 9 });
    }
    await stage.until(() => stage.verdicts.length === everybody.length);
  };
}

/** How many found the round right, by the list of sums that they signed. */
function signatures({ verdicts }: Stage): readonly number[] {
  const counts = new Map<string, number>();
  for (const { verdict } of verdicts) {
    if (verdict.kind !== 'result') continue;
    const list = toHex(sessionCodec.result.decode(verdict.statement.body).aggregateHash);
    counts.set(list, (counts.get(list) ?? 0) + 1);
  }
  return [...counts.values()].sort();
}

/** Everybody disputes the round by one rule, and stops with it. */
const disputed = (rule: string): CoordinatorCase['verdict'] => ({
  refuses: Object.fromEntries(everybody.map((name) => [name, [rule]])),
  ends,
});

export const resultCases: readonly CoordinatorCase[] = [
  {
    lie: 'does not lie about the sums of its groups has every member’s signature on them',
    verdict: { refuses: {}, ends },
    ...grouped,
    script: async (stage) => {
      await shown()(stage);
      expect(signatures(stage)).to.deep.equal([5]);
    },
  },
  {
    lie: 'changes the sum of one group by one, and makes the model of that',
    verdict: disputed('check.sum'),
    ...grouped,
    script: shown({ own: changedByOne }),
  },
  {
    lie: 'makes the model of another sum of one group than it signed',
    verdict: disputed('check.model'),
    ...grouped,
    script: shown({ modelOf: ([own, other]) => [own!, changedByOne(other!)] }),
  },
  {
    lie: 'leaves a group out of the model whose sum it signed',
    verdict: disputed('check.model'),
    ...grouped,
    script: shown({ modelOf: ([own]) => [own!] }),
  },
  {
    lie: 'shows two halves of a group other sums of another group, each with its model, and gets T signatures on neither',
    verdict: { refuses: {}, ends },
    ...grouped,
    script: async (stage) => {
      await shown({}, { other: changedByOne })(stage);
      expect(signatures(stage)).to.deep.equal([2, 3]);
    },
  },
  {
    lie: 'shows another sum of another group than it signed',
    verdict: disputed('check.chunk'),
    ...grouped,
    script: shown({ served: changedByOne }),
  },
  {
    lie: 'signs fewer sums than the plan requires',
    verdict: disputed('check.groups'),
    ...grouped,
    script: shown({ aggregate: ([own]) => [own!], modelOf: ([own]) => [own!] }),
  },
  {
    lie: 'signs more survivors for a group than its sum counts',
    verdict: disputed('check.groups'),
    ...grouped,
    script: shown({ aggregate: ([own, other]) => [own!, { ...other!, survivors: 5 }] }),
  },
];
