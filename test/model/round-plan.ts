import { completePlan, type Plan } from '@concordat/core';
import { draft } from '../core/round/example-plan.js';
import type { RoundSetup } from './round-operation.js';
import { namedBytes } from './session-pool.js';

/** The plan of a setup: lanes in which every participant's digit fits, and two retries. Where it is asynchronous, cohort.min fill a buffer. */
export function planOf({ participants, cohortMin, colluders, rounds, asynchronous }: RoundSetup): Plan {
  const weightsDigest = Buffer.from(namedBytes('weights', 0)).toString('base64url');
  const base = draft();
  return completePlan({
    ...base,
    task: { ...base.task, model: { ...base.task.model, weightsDigest } },
    rounds,
    cohort: { min: cohortMin, size: participants },
    maxColluders: colluders,
    lanes: { bits: 32, quantBits: 24 },
    onShortfall: { action: 'retry', times: 2 },
    ...(asynchronous
      ? { mode: { async: { bufferSize: cohortMin, maxStaleness: 1, stalenessWeight: 'inverse' } } }
      : {}),
  });
}
