import { defaultColluders } from '../../secagg/thresholds.js';
import { defaultRotation } from '../../update/rotation.js';
import { parameterCount } from '../../update/tensors.js';
import type { Deadlines, Plan, PlannedMetric, Rotation, ShortfallRule, Task, Weighting } from '../plan.js';
import { requirePlan } from '../plan.js';
import { planSegments } from '../segments.js';

/** What a person has to decide; everything else has a default. */
export interface PlanDraft {
  readonly consortium: string;
  readonly run: string;
  readonly purpose: string;
  readonly task: Task;
  readonly rounds: number;
  readonly cohort: { readonly min: number; readonly size: number; readonly max?: number };
  /** RFC 3339, UTC. */
  readonly expires: string;
  readonly clippingNorm: number;
  /** Default: cohort.min. */
  readonly reportingGoal?: number;
  /** Default: 3. */
  readonly minSurvivors?: number;
  /** Default: as many as leave a third of cohort.min free to drop out. */
  readonly maxColluders?: number;
  readonly deadlines?: Partial<Deadlines>;
  /** Default: three retries. */
  readonly onShortfall?: ShortfallRule;
  /** Default: `powers-of-two`. */
  readonly weighting?: Weighting;
  /** W; default 2^15 examples. */
  readonly maxWeight?: number;
  /** Default: none. */
  readonly metrics?: readonly PlannedMetric[];
  /** Lanes of the model; default 24 bits holding 16, which 256 participants cannot overflow. */
  readonly lanes?: { readonly bits: 16 | 24 | 32; readonly quantBits: number };
  /** Default: as {@link defaultRotation} says. */
  readonly rotation?: Rotation;
  /** Default: `on`. */
  readonly aggregateCheck?: 'on' | 'off';
  /** Default: two rounds. */
  readonly transcriptRetention?: number;
  readonly parent?: string;
}

/**
 * Fill in a draft to a full plan and check it.
 *
 * @throws as {@link requirePlan}.
 */
export function completePlan(draft: PlanDraft): Plan {
  const metrics = draft.metrics ?? [];
  const lanes = draft.lanes ?? { bits: 24, quantBits: 16 };
  const parameters = parameterCount(draft.task.model.tensors);
  const rotation = draft.rotation ?? defaultRotation({ parameters, quantBits: lanes.quantBits });
  return requirePlan({
    schema: 'concordat/plan/1',
    consortium: draft.consortium,
    run: draft.run,
    purpose: draft.purpose,
    task: draft.task,
    rounds: draft.rounds,
    strategy: { name: 'fedavg' },
    cohort: {
      min: draft.cohort.min,
      size: draft.cohort.size,
      max: draft.cohort.max ?? draft.cohort.size,
      overSelection: 1,
    },
    reportingGoal: draft.reportingGoal ?? draft.cohort.min,
    deadlines: {
      selectMillis: 5_000,
      readyMillis: 600_000,
      stepMillis: 30_000,
      graceMillis: 60_000,
      leaseBytesPerSecond: 125_000,
      ...draft.deadlines,
    },
    onShortfall: draft.onShortfall ?? { action: 'retry', times: 3 },
    mode: 'sync',
    secureAggregation: {
      suite: 'CSA1',
      maxColluders: draft.maxColluders ?? defaultColluders(draft.cohort.min),
      minSurvivors: draft.minSurvivors ?? 3,
      segments: planSegments({
        tensors: draft.task.model.tensors,
        ...lanes,
        clippingNorm: draft.clippingNorm,
        rotation,
        metrics,
      }),
      maxWeight: draft.maxWeight ?? 2 ** 15,
      ...(rotation === 'none' ? {} : { rotation }),
      aggregateCheck: draft.aggregateCheck ?? 'on',
    },
    weighting: draft.weighting ?? 'powers-of-two',
    clippingNorm: draft.clippingNorm,
    privacy: { mechanism: 'none' },
    metrics,
    approval: { rule: 'each', expires: draft.expires },
    transcriptRetention: draft.transcriptRetention ?? 2,
    ...(draft.parent === undefined ? {} : { parent: draft.parent }),
  });
}
