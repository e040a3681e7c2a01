import { defaultColluders } from '../../secagg/thresholds.js';
import { robustGroupsMin } from '../../update/combine.js';
import { defaultRotation } from '../../update/rotation.js';
import { parameterCount } from '../../update/tensors.js';
import { bounds } from '../../wire/bounds.js';
import type { ApprovalRule } from '../approval-rule.js';
import type {
  Deadlines,
  GroupCombination,
  GroupRules,
  Plan,
  PlanApproval,
  PlannedMetric,
  Rotation,
  RoundMode,
  ShortfallRule,
  Task,
  Weighting,
} from '../plan.js';
import { requirePlan } from '../plan.js';
import { planSegments } from '../segments.js';

/** What a person has to decide; everything else has a default. */
export interface PlanDraft {
  readonly consortium: string;
  readonly run: string;
  readonly purpose: string;
  readonly task: Task;
  readonly rounds: number;
  /** `max` of one session: by default `size`, and at most 256. With more participants a round has several groups. */
  readonly cohort: {
    readonly min: number;
    readonly size: number;
    readonly max?: number;
    /** Default: 1. */
    readonly overSelection?: number;
  };
  /** Of several groups. Default: their sums are added, and one group makes a model. */
  readonly groups?: { readonly min?: number | undefined } & GroupCombination;
  /** RFC 3339, UTC. */
  readonly expires: string;
  /** Default: `each`, refusals hidden. */
  readonly approval?: ApprovalRule & Pick<PlanApproval, 'refusals'>;
  readonly clippingNorm: number;
  /** Default: cohort.min in each group that is required. */
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
  /** Default: `sync`. */
  readonly mode?: RoundMode;
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
  const { min, size } = draft.cohort;
  const max = draft.cohort.max ?? Math.min(size, bounds.cohortMax);
  const groups = size > max || draft.groups !== undefined ? completeGroups(draft.groups) : undefined;
  return requirePlan({
    schema: 'concordat/plan/1',
    consortium: draft.consortium,
    run: draft.run,
    purpose: draft.purpose,
    task: draft.task,
    rounds: draft.rounds,
    strategy: { name: 'fedavg' },
    cohort: {
      min,
      size,
      max,
      overSelection: draft.cohort.overSelection ?? 1,
    },
    reportingGoal: draft.reportingGoal ?? min * (groups?.min ?? 1),
    deadlines: {
      selectMillis: 5_000,
      readyMillis: 600_000,
      stepMillis: 30_000,
      graceMillis: 60_000,
      leaseBytesPerSecond: 125_000,
      ...draft.deadlines,
    },
    onShortfall: draft.onShortfall ?? { action: 'retry', times: 3 },
    mode: draft.mode ?? 'sync',
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
      ...(groups === undefined ? {} : { groups }),
    },
    weighting: draft.weighting ?? 'powers-of-two',
    clippingNorm: draft.clippingNorm,
    privacy: { mechanism: 'none' },
    metrics,
    approval: { ...(draft.approval ?? { rule: 'each' }), expires: draft.expires },
    transcriptRetention: draft.transcriptRetention ?? 2,
    ...(draft.parent === undefined ? {} : { parent: draft.parent }),
  });
}

/**
 * One group that is opened makes a model, as long as sums are added: each keeps every floor by itself, and whoever is in an opened group
 * may not contribute to the base model again, so that a model given up for lack of another group would leave the run without them.
 */
function completeGroups(groups: PlanDraft['groups']): GroupRules {
  const { min, ...combination } = groups ?? { combine: 'sum' };
  return { min: min ?? (combination.combine === 'sum' ? 1 : robustGroupsMin), ...combination };
}
