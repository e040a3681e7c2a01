import type { SimulatedRound, SimulationResult } from '../simulate.js';

/** How a run went, as data: everything that follows from scenario, seed and engine. */
export function summaryOf(result: SimulationResult) {
  const { scenario, outcome, reason, exact, rounds, virtualMillis, modelHash } = result;
  const { verifications, agreements, derivations } = result;
  const last = rounds.filter(({ measured }) => measured !== undefined).at(-1)?.measured;
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    participants: scenario.participants,
    outcome,
    reason,
    exact,
    published: rounds.filter((round) => round.outcome.type === 'published').length,
    ...(last === undefined ? {} : { measured: last }),
    modelHash,
    virtualSeconds: virtualMillis / 1000,
    verifications,
    agreements,
    derivations,
  };
}

/** The rounds of a run as data. */
export function roundsOf({ rounds }: SimulationResult) {
  return rounds.map((round) => ({ ...round, outcome: outcomeOf(round) }));
}

function outcomeOf({ outcome }: SimulatedRound) {
  switch (outcome.type) {
    case 'published':
      return { type: outcome.type, modelVersion: outcome.modelVersion };
    case 'evaluated':
      return { type: outcome.type };
    case 'abandoned':
      return { type: outcome.type, phase: outcome.phase, reason: outcome.reason };
  }
}
