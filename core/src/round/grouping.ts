import type { Random } from '../random.js';
import type { Plan } from './plan.js';
import { shuffle } from './selection.js';

/** How the participants of one round are divided. */
export interface Grouping {
  /** Participants of each group; they differ by at most one. */
  readonly sizes: readonly number[];
  /** Participants for whom no group could be filled. */
  readonly leftOver: number;
}

/** Groups that must be opened for a model to be published: one where a round has only one. */
export function groupsRequired({ secureAggregation }: Plan): number {
  return secureAggregation.groups?.min ?? 1;
}

/** The fewest participants that a round can go on with: cohort.min in each group that is required. */
export function roundMinimum(plan: Plan): number {
  return plan.cohort.min * groupsRequired(plan);
}

/**
 * Divide n participants into the fewest groups of cohort.min … cohort.max that are enough, as equal as can be. Where those groups would be
 * too small, one less is filled to the brim and the rest is left over: a group is never smaller than the plan says.
 *
 * @param n ≥ `roundMinimum(plan)`.
 */
export function groupingOf(plan: Plan, n: number): Grouping {
  const { min, max } = plan.cohort;
  const groups = Math.max(Math.ceil(n / max), groupsRequired(plan));
  if (Math.floor(n / groups) < min) {
    return { sizes: new Array<number>(groups - 1).fill(max), leftOver: n - (groups - 1) * max };
  }
  const larger = n % groups;
  const sizes = Array.from({ length: groups }, (_, group) => Math.floor(n / groups) + Number(group < larger));
  return { sizes, leftOver: 0 };
}

/**
 * Draw who is in which group, every division with equal chance. One group of everybody draws nothing.
 *
 * @param participants distinct; their order does not matter once something is drawn.
 * @returns groups, each sorted; and who is left over.
 */
export function drawGroups(
  plan: Plan,
  participants: readonly string[],
  random: Random,
): { readonly groups: readonly (readonly string[])[]; readonly leftOver: readonly string[] } {
  const { sizes, leftOver } = groupingOf(plan, participants.length);
  if (sizes.length === 1 && leftOver === 0) return { groups: [participants], leftOver: [] };
  const drawn = [...participants].sort();
  shuffle(drawn, random);
  const groups = sizes.map((size) => drawn.splice(0, size).sort());
  return { groups, leftOver: drawn.sort() };
}
