import { drawGroups, groupingOf, groupsRequired, roundMinimum } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan } from './example-plan.js';
import { randomOf } from './round-table.js';

const planOf = (
  cohort: { readonly min: number; readonly size: number; readonly max: number },
  groups: { readonly min: number } = { min: 1 },
) => examplePlan({ cohort, maxColluders: 1, groups: { combine: 'sum', ...groups } });

describe('the participants of a round', () => {
  const cases: readonly [number, { min: number; max: number; groups?: number }, readonly number[], number][] = [
    // As few groups as hold them, as equal as can be.
    [1000, { min: 32, max: 256 }, [250, 250, 250, 250], 0],
    [1001, { min: 32, max: 256 }, [251, 250, 250, 250], 0],
    [10, { min: 3, max: 4 }, [4, 3, 3], 0],
    [8, { min: 3, max: 4 }, [4, 4], 0],
    [4, { min: 3, max: 4 }, [4], 0],
    // Two halves would be too small: one is filled, and the rest sits out.
    [6, { min: 4, max: 5 }, [5], 1],
    [11, { min: 4, max: 5 }, [5, 5], 1],
    [12, { min: 4, max: 5 }, [4, 4, 4], 0],
    // More groups than would be needed, because the plan requires them.
    [300, { min: 32, max: 256, groups: 3 }, [100, 100, 100], 0],
    [96, { min: 32, max: 256, groups: 3 }, [32, 32, 32], 0],
  ];
  for (const [n, { min, max, groups = 1 }, sizes, leftOver] of cases) {
    it(`make groups of ${sizes.join(', ')} out of ${n} with ${min} to ${max} in each and at least ${groups}`, () => {
      const plan = planOf({ min, max, size: 2000 }, { min: groups });
      expect(groupingOf(plan, n)).to.deep.equal({ sizes, leftOver });
    });
  }

  it('are all in one group, as they come and without a draw, where one session holds them', () => {
    const plan = examplePlan();
    const none = { bytes: () => expect.fail('something was drawn') };
    const groups = [['beta', 'alpha', 'gamma', 'delta']];
    expect(drawGroups(plan, groups[0]!, none)).to.deep.equal({ groups, leftOver: [] });
    expect([groupsRequired(plan), roundMinimum(plan)]).to.deep.equal([1, 4]);
  });

  it('are each in exactly one group or left over, whatever is drawn', () => {
    const plan = planOf({ min: 4, max: 5, size: 20 });
    const names = Array.from({ length: 16 }, (_, i) => `p${String(i).padStart(2, '0')}`);
    const drawn = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const { groups, leftOver } = drawGroups(plan, names, randomOf(`draw ${seed}`));
      expect(groups.map((group) => group.length)).to.deep.equal([4, 4, 4, 4]);
      expect([...groups.flat(), ...leftOver].sort()).to.deep.equal(names);
      for (const group of groups) expect(group).to.deep.equal([...group].sort());
      drawn.add(groups.join());
      expect(drawGroups(plan, [...names].reverse(), randomOf(`draw ${seed}`)).groups).to.deep.equal(groups);
    }
    expect(drawn.size).to.equal(20);
  });

  it('must fill every group that a model needs', () => {
    expect(roundMinimum(planOf({ min: 32, max: 256, size: 1000 }, { min: 3 }))).to.equal(96);
  });
});
