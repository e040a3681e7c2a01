import { thresholdOf } from '../../secagg/thresholds.js';
import { groupingOf } from '../grouping.js';
import type { GroupRules, Plan, StalenessWeight } from '../plan.js';

/** What three organizations mean, in one sentence. */
export const threeNeedAll = '3 organizations: all must answer; 4 are needed to lose one.';

/**
 * How many of a cohort of n may drop out, from advertise to reveal, and the round still completes: min(n − T, n − minSurvivors).
 *
 * @param n cohort size, cohort.min … cohort.max.
 */
export function toleratedDropouts(plan: Plan, n: number): number {
  const { maxColluders, minSurvivors } = plan.secureAggregation;
  return n - Math.max(thresholdOf(n, maxColluders), minSurvivors);
}

/**
 * What each cohort size bears, for people: "5: one may drop out; 4: one; 3: none".
 *
 * At most twelve sizes, from cohort.max downwards, are named; the smallest is always among them.
 */
export function describeTolerance(plan: Plan): string {
  const sizes: number[] = [];
  for (let n = plan.cohort.max; n >= plan.cohort.min; n--) sizes.push(n);
  const named = sizes.length <= 12 ? sizes : [...sizes.slice(0, 11), plan.cohort.min];
  const text = named
    .map((n, i) => `${n}: ${inWords(toleratedDropouts(plan, n))}${i === 0 ? ' may drop out' : ''}`)
    .join('; ');
  const cohort = plan.cohort.min === 3 ? `${text}. ${threeNeedAll}` : text;
  return plan.secureAggregation.groups === undefined ? cohort : `in each group, of ${cohort}`;
}

/**
 * What several secure groups mean, in sentences for people; empty where a round is one session.
 *
 * Names the groups expected with cohort.size participants, what the coordinator sees of each, whom c has to bound, what becomes of a group
 * that fails, and how the sums are combined; and warns of groups that keep less than a third of dropouts.
 */
export function describeGroups(plan: Plan): readonly string[] {
  const { cohort, secureAggregation } = plan;
  const { groups, maxColluders } = secureAggregation;
  if (groups === undefined) return [];
  const { sizes, leftOver } = groupingOf(plan, cohort.size);
  const smallest = Math.min(...sizes);
  const of = smallest === sizes[0] ? `${smallest}` : `${smallest} to ${sizes[0]}`;
  const rest = leftOver === 0 ? '' : `, ${leftOver} sit out`;
  const honest = thresholdOf(smallest, maxColluders) - maxColluders;
  const enough = 3 * maxColluders + 1;
  const shown = secureAggregation.aggregateCheck === 'on' ? '; whoever takes part is shown them too' : '';
  return [
    `${cohort.size} participants make ${sizes.length} groups of ${of}${rest}; the coordinator draws them and sees the sum of each${shown}.`,
    `At most ${maxColluders} of all who take part, not of each group, may help it: it could put every one of them beside one organization, which is then hidden among at least ${honest} honest updates.`,
    `A model needs ${groups.min} open ${groups.min === 1 ? 'group' : 'groups'}; ${combinationInWords(groups)}.`,
    ...(cohort.min >= enough
      ? []
      : [
          `Warning: groups below ${enough} (3 · maxColluders + 1) bear less than a third of dropouts; raise cohort.min.`,
        ]),
  ];
}

/** What asynchronous rounds or over-selection mean, in sentences for people; empty where a plan has neither. */
export function describeMode({ mode, cohort }: Plan): readonly string[] {
  if (mode === 'sync') {
    if (cohort.overSelection === 1) return [];
    const chosen = Math.ceil(cohort.size * cohort.overSelection);
    return [
      `${chosen} are chosen to train, and the session opens with the first ${cohort.size} that are ready; the others trained for nothing.`,
    ];
  }
  const { bufferSize, maxStaleness, stalenessWeight } = mode.async;
  return [
    `Asynchronous: up to ${cohort.size} train at a time; ${bufferSize} updates of one model make a session, and its mean goes into the model that is current then.`,
    `${staleInWords(stalenessWeight)}; more than ${maxStaleness} ${maxStaleness === 1 ? 'version' : 'versions'} behind, an update is dropped.`,
  ];
}

function staleInWords(weight: StalenessWeight): string {
  switch (weight) {
    case 'none':
      return 'A mean counts alike whatever its model is behind';
    case 'inverse-sqrt':
      return 'A mean whose model is s versions behind counts 1 ÷ √(1 + s)';
    case 'inverse':
      return 'A mean whose model is s versions behind counts 1 ÷ (1 + s)';
  }
}

function combinationInWords(groups: GroupRules): string {
  switch (groups.combine) {
    case 'sum':
      return 'their sums are added';
    case 'median':
      return 'each coordinate is the median of their means';
    case 'trimmed-mean':
      return `each coordinate is the mean of their means without the ${groups.trimPercent} % smallest and largest`;
  }
}

function inWords(count: number): string {
  return ['none', 'one', 'two', 'three', 'four', 'five', 'six'][count] ?? String(count);
}
