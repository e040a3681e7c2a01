import { below } from '../below.js';
import type { Random } from '../random.js';
import type { Plan } from './plan.js';

/** A checked-in participant that approved. */
export interface Candidate {
  readonly participant: string;
  readonly organization: string;
}

/** How many can be chosen: organizations, since a cohort has at most one participant of each. */
export function selectable(candidates: readonly Candidate[]): number {
  return new Set(candidates.map((candidate) => candidate.organization)).size;
}

/** How many organizations are chosen to train: cohort.size, and the over-selection on top. */
export function chosenSize({ cohort }: Plan): number {
  return Math.ceil(cohort.size * cohort.overSelection);
}

/**
 * Choose a cohort, every organization with equal chance and at most one participant of each.
 *
 * @param options.size largest cohort wanted. @param options.random decides; the order of `candidates` does not.
 * @returns participant ids, sorted; fewer than `size` when there are fewer organizations.
 */
export function chooseCohort(options: {
  readonly candidates: readonly Candidate[];
  readonly size: number;
  readonly random: Random;
}): string[] {
  const sorted = [...options.candidates].sort((a, b) => (a.participant < b.participant ? -1 : 1));
  shuffle(sorted, options.random);
  const chosen = new Map<string, string>();
  for (const { participant, organization } of sorted) {
    if (chosen.size < options.size && !chosen.has(organization)) chosen.set(organization, participant);
  }
  return [...chosen.values()].sort();
}

/** Fisher–Yates, in place: every order equally likely. */
export function shuffle<T>(items: T[], random: Random): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = below(last + 1, random);
    const item = items[last]!;
    items[last] = items[other]!;
    items[other] = item;
  }
}
