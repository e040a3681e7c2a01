import { utf8Decode } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson, parseCanonical } from '../wire/canonical.js';
import type { Segment } from '../wire/messages.js';
import type { ApprovalRule } from './approval-rule.js';
import type { DataSchema } from './data-schema.js';
import { checkPlan, refuseWhatDoesNotExist } from './plan/check.js';
import { type LinedJson, parseLinedJson } from './plan/json-lines.js';
import { readPlan } from './plan/read.js';
import { Reader } from './plan/reader.js';

/** One named float32 tensor of the model, in the order of the flat [d] vector. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** How each example counts: alike, by a power of two (rounded down), or exactly. */
export type Weighting = 'equal' | 'powers-of-two' | 'examples';

/** What is done to an update before it is quantized: nothing, or a Hadamard transform with random signs that spreads its norm evenly. */
export type Rotation = 'none' | 'hadamard';

/** `rate`: 0 to 1 (`max` is 1). `bounded`: 0 to `max`; values above are clipped. */
export interface PlannedMetric {
  readonly name: string;
  readonly kind: 'rate' | 'bounded';
  readonly max: number;
}

/** What happens when a round finds too few participants. `times` counts retries since the last published model; then the run aborts. */
export type ShortfallRule =
  | { readonly action: 'retry'; readonly times: number }
  | { readonly action: 'pause' }
  | { readonly action: 'abort' };

/**
 * What becomes of the sums of several secure groups. `sum`: they are added. `median` and `trimmed-mean`: of the groups' mean deltas, for each
 * coordinate by itself; `trimPercent` of the groups are left out at either end.
 */
export type GroupCombination =
  | { readonly combine: 'sum' }
  | { readonly combine: 'median' }
  | { readonly combine: 'trimmed-mean'; readonly trimPercent: number };

/** `min`: groups that must be opened for a model. */
export type GroupRules = { readonly min: number } & GroupCombination;

/** Durations in milliseconds; `leaseBytesPerSecond` lengthens the upload step by size ÷ rate. */
export interface Deadlines {
  readonly selectMillis: number;
  readonly readyMillis: number;
  readonly stepMillis: number;
  readonly graceMillis: number;
  readonly leaseBytesPerSecond: number;
}

/** Local training. Exactly one of `epochs` and `steps`. Digests are SHA-256 as unpadded base64url. */
export interface Task {
  readonly model: {
    readonly topologyDigest: string;
    /** Of the canonical safetensors bytes of the initial weights: the hash of model version 0. */
    readonly weightsDigest: string;
    readonly tensors: readonly TensorShape[];
  };
  readonly loss: string;
  readonly optimizer: { readonly name: string; readonly learningRate: number };
  readonly batchSize: number;
  readonly epochs?: number;
  readonly steps?: number;
  /** Of `dataSchema`, where the plan has it; else of whatever document the consortium agreed on, which nobody can compare. */
  readonly dataSchemaDigest: string;
  /** The columns that every participant's own declaration is held against before its first round. */
  readonly dataSchema?: DataSchema;
  /** Examples to train on that each participant has at least: one of `exampleCountEdges`. */
  readonly examplesMin?: number;
}

/** How the mean of a session counts that was trained from a model `staleness` versions old: 1, 1 ÷ √(1 + staleness), 1 ÷ (1 + staleness). */
export type StalenessWeight = 'none' | 'inverse-sqrt' | 'inverse';

/**
 * `sync`: a round trains, then sums. Otherwise cohort.size participants train at any time, each from the model that was current when it
 * began; `bufferSize` updates of one model make a session, whose mean is applied to the model that is current then. An update that is more
 * than `maxStaleness` versions old is dropped.
 *
 * @see Nguyen et al. 2022, "Federated Learning with Buffered Asynchronous Aggregation" (arXiv:2106.06639), Algorithm 1; one buffer for each
 *   model, so that a session has one base.
 */
export type RoundMode = 'sync' | { readonly async: AsyncRules };

export interface AsyncRules {
  readonly bufferSize: number;
  readonly maxStaleness: number;
  readonly stalenessWeight: StalenessWeight;
}

/**
 * `expires`: RFC 3339 time from which on nobody approves and no approval counts. `refusals`: whether the other participants see who refused
 * and by which rule, or the operator alone; absent: `hidden`.
 */
export type PlanApproval = ApprovalRule & { readonly expires: string; readonly refusals?: 'visible' | 'hidden' };

/** What participants sign up to: a document of canonical JSON whose SHA-256 is its identity. Data, never code. */
export interface Plan {
  readonly schema: 'concordat/plan/1';
  readonly consortium: string;
  /** Id of the run this plan is for. */
  readonly run: string;
  readonly purpose: string;
  readonly task: Task;
  /** Models to publish. */
  readonly rounds: number;
  readonly strategy: { readonly name: 'fedavg' };
  /** `min` and `max` are of one session. A `size` above `max` means several secure groups, each a session of its own. */
  readonly cohort: {
    readonly min: number;
    readonly size: number;
    readonly max: number;
    /** How many times cohort.size are chosen to train, 1 to 4: the session opens with the first `size` that are ready. */
    readonly overSelection: number;
  };
  readonly reportingGoal: number;
  readonly deadlines: Deadlines;
  readonly onShortfall: ShortfallRule;
  readonly mode: RoundMode;
  readonly secureAggregation: {
    readonly suite: 'CSA1';
    readonly maxColluders: number;
    readonly minSurvivors: number;
    readonly segments: readonly Segment[];
    /** W: examples above this many do not add weight. */
    readonly maxWeight: number;
    /** Absent: `none`. */
    readonly rotation?: Rotation;
    /** Whether survivors may compute the sum anew, and sign it: `on` keeps what it takes for `transcriptRetention` rounds. */
    readonly aggregateCheck: 'on' | 'off';
    /** Present exactly when cohort.size is above cohort.max. */
    readonly groups?: GroupRules;
  };
  readonly weighting: Weighting;
  /** C: L2 norm that a delta is clipped to, in the units of the weights. */
  readonly clippingNorm: number;
  readonly privacy: { readonly mechanism: 'none' };
  readonly metrics: readonly PlannedMetric[];
  /** Every participant's own policy or person approves for itself; the rule says for how many of them the first round waits. */
  readonly approval: PlanApproval;
  /** Rounds for which the masked vectors are kept after publishing, and with the aggregate check the secrets of their sum; then ≥ 2. */
  readonly transcriptRetention: number;
  /** Digest of the plan this one continues. */
  readonly parent?: string;
}

/**
 * A plan that a person wrote, as JSON text.
 *
 * @param text JSON, at most 256 KiB; need not be canonical.
 * @throws `malformed` when it is not JSON; `invalid-argument` for a field of a wrong type or range; `refused` for thresholds
 *   that cannot hold, a ring that could overflow, or something this version does not do. All name field, line and fix.
 */
export function parsePlan(text: string): Plan {
  if (text.length > bounds.planBytesMax) {
    throw new FederatedError('malformed', 'the plan is too long', {
      detail: { required: bounds.planBytesMax, offered: text.length },
    });
  }
  return planOf(parseLinedJson(text));
}

/** A plan built by a program. @throws as {@link parsePlan}, without lines. */
export function requirePlan(value: unknown): Plan {
  return planOf({ value, lines: new Map() });
}

/**
 * The plan of bytes that came over the wire: strictly canonical, so that one plan has one digest.
 *
 * @throws as {@link parsePlan}; `malformed` when the bytes are not canonical.
 */
export function decodePlan(bytes: Uint8Array): Plan {
  parseCanonical(bytes, bounds.planBytesMax);
  return parsePlan(utf8Decode(bytes));
}

/** Canonical JSON of a plan: what operators sign. */
export function encodePlan(plan: Plan): Uint8Array {
  return canonicalJson(plan);
}

/** SHA-256 of the canonical plan: its identity. */
export function hashPlan(crypto: CryptoPort, plan: Plan): Uint8Array {
  return crypto.sha256(encodePlan(plan));
}

function planOf(document: LinedJson): Plan {
  const reader = new Reader(document);
  refuseWhatDoesNotExist(reader);
  const plan = readPlan(reader);
  checkPlan(plan, reader);
  return plan;
}
