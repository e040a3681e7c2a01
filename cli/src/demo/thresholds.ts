/** How the rounds of a demo with n organizations are set: all but one suffice, whoever is lost. */
export interface RoundTerms {
  readonly cohort: {
    readonly min: number;
    readonly size: number;
    readonly max: number;
    readonly overSelection: number;
  };
  readonly reportingGoal: number;
  readonly minSurvivors: number;
  readonly maxColluders: number;
}

/**
 * Terms for n ≥ 4 organizations of which one may be lost: m = n − 1 is the smallest cohort, and as many may collude as
 * leave that cohort a third of dropouts.
 */
export function roundTerms(participants: number): RoundTerms {
  const min = participants - 1;
  const byThird = min - 2 * Math.floor((min - 1) / 3) - 1;
  return {
    cohort: { min, size: participants, max: participants, overSelection: 1 },
    reportingGoal: min,
    minSurvivors: 3,
    maxColluders: Math.min(byThird, min - 2),
  };
}
