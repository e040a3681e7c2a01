import type { CoordinatorCase } from '../hostile-case.js';
import { cohortCases } from './cohorts.js';
import { configurationCases } from './configurations.js';
import { dealerCases } from './dealers.js';
import { endCases } from './ends.js';
import { resultCases } from './results.js';
import { rosterCases } from './rosters.js';
import { sizeCases } from './sizes.js';
import { survivorCases } from './survivors.js';

const honest: CoordinatorCase = {
  lie: 'does not lie opens the exact sum',
  verdict: { refuses: {}, ends: ['sum of acme, bluebird, cobalt, delta, echo'] },
};

export const coordinatorCases: readonly CoordinatorCase[] = [
  honest,
  ...configurationCases,
  ...cohortCases,
  ...dealerCases,
  ...survivorCases,
  ...endCases,
  ...resultCases,
  ...rosterCases,
  ...sizeCases,
];
