import { declineOf, type FederatedError, fromBase64url, type MetricValues, type Plan, toHex } from '@concordat/core';
import { type Clock, chooseKernels, type KernelChoice, nodeCrypto, systemClock, systemRandom } from '@concordat/node';
import { fetchOver, openLine, type ProposedPlan, type ProposedPlanOptions } from '../approval/proposed-plan.js';
import { type PlanStanding, whyNotApproved } from '../approval/standing.js';
import { maskedTimes } from '../egress/egress-reading.js';
import { requireOwnEntry } from '../keys/key-store.js';
import { policyRefusal, type RuleResult } from '../policy/evaluate-policy.js';
import { type Policy, readPolicy } from '../policy/policy.js';
import { roundBar } from '../policy/round-rules.js';
import { quotesRefusal } from '../policy/told-refusals.js';
import { type OpenedTrainer, openTrainer, type RecordsSource } from '../records-source.js';
import { asFederated } from '../run/as-federated.js';
import { LocalTraining } from '../run/local-training.js';
import { requireConsortium } from '../run/plan-review.js';
import { type RecordsResult, recordsHere, recordsRefusal } from '../run/records-check.js';
import { judgePlan } from '../shown-plan.js';
import { readSwitch, whyNot } from '../state/participation-switch.js';
import type { TrainerStatus } from '../trainer/external/external-trainer.js';
import type { FitProgress } from '../trainer/trainer.js';
import type { Connection } from '../transport/connection.js';
import {
  type ForecastMessage,
  type ForecastOptions,
  forecastApproval,
  forecastDecline,
  forecastRun,
  membersOf,
} from './forecast.js';

/** What a dry run is made of: a plan, a policy, and records. */
export type DryRunOptions = Omit<ProposedPlanOptions, 'against'> &
  RecordsSource & {
    /** Without such a file the policy refuses everything. */
    readonly policyFile: string;
    readonly kernels?: KernelChoice;
    readonly clock?: Clock;
    /** Told how far the training is. */
    readonly onProgress?: (progress: FitProgress) => void;
    /** Told how a trainer in a process of its own does. */
    readonly onTrainer?: (status: TrainerStatus) => void;
  };

/** What became of the training: nothing is trained from a plan that policy or records refuse. */
export type DryTraining =
  | {
      readonly outcome: 'trained';
      /** What trained, and from how many examples. */
      readonly engine: string;
      readonly examples: number;
      /** Of the first model of the plan, on the local holdout. */
      readonly metrics: MetricValues;
      readonly seconds: number;
    }
  | { readonly outcome: 'refused'; readonly error: FederatedError }
  | { readonly outcome: 'not-trained' };

/** What taking part would be like. Nothing of it happened. */
export interface DryRun {
  readonly participantId: string;
  readonly plan: Plan;
  /** Hex. */
  readonly planHash: string;
  /** Operator who signed it. */
  readonly proposer: string;
  /** Of the policy and of the records, rule by rule. */
  readonly rules: readonly RuleResult[];
  /** Whom the policy asks beside, and what they decided; absent without a policy. */
  readonly standing?: PlanStanding;
  /** What else keeps a round from beginning now: a pause, a withdrawal, an approval that is missing, the hour. */
  readonly bars: readonly FederatedError[];
  readonly training: DryTraining;
  /** Whether a round that began now would be contributed to. */
  readonly wouldContribute: boolean;
  /** The largest session that the messages are of. */
  readonly members: number;
  /** What would be sent, in order; of messages to members the largest. */
  readonly messages: readonly ForecastMessage[];
  /** What the dry run itself sent: questions for the roster, the plan and the model, with their prefixes. */
  readonly questionBytes: number;
}

/**
 * Do all of a participant's part in a run's first round that needs nobody else, and say what would be sent: fetch and verify roster, plan
 * and model, hold policy, records and approvals against the plan, train and encode. Nothing is signed, no answer is given, the coordinator
 * sees questions alone, and nothing is written: a client may use the directory meanwhile.
 *
 * @throws as `fetchProposedPlan`, `openTrainer` and `judgePlan`; `verification` `roster.own-entry`; `refused` `plan.consortium`; what
 *   training throws other than `refused`, which is part of the result.
 */
export async function dryRun(options: DryRunOptions): Promise<DryRun> {
  const { policyFile, clock = systemClock, onTrainer = () => undefined } = options;
  const line = await openLine(options);
  try {
    const proposed = await fetchOver(line, options);
    const { participantId: participant, enrolment, identityKey } = line.keys;
    requireOwnEntry(proposed.roster, participant, identityKey);
    requireConsortium(proposed.plan, enrolment.consortium);
    const policy = await readPolicy(policyFile);
    const opened = await openTrainer(options, { participant, policy, clock, onStatus: onTrainer });
    try {
      return await runDry({ connection: line.connection, proposed, policy, opened }, options);
    } finally {
      if (!('trainer' in options)) await opened.trainer.close();
    }
  } finally {
    line.connection.close();
  }
}

interface DryParts {
  readonly connection: Connection;
  readonly proposed: ProposedPlan;
  readonly policy: Policy | undefined;
  readonly opened: OpenedTrainer;
}

async function runDry(parts: DryParts, options: DryRunOptions): Promise<DryRun> {
  const { connection, proposed, policy, opened } = parts;
  const { crypto = nodeCrypto, wallMillis = Date.now } = options;
  const { plan, planHash, proposer, keys, roster } = proposed;
  const { participantId } = keys;
  const now = wallMillis();
  const records = recordsHere(opened.dataSchema, opened.trainer);
  const { rules, standing } = await judgePlan(proposed, { policy, records, crypto, now });
  const refused = refusalOf(rules);
  const training: DryTraining = refused === undefined ? await trainDry(parts, options) : { outcome: 'not-trained' };
  const bars = await barsOf({ keys, policy, runId: plan.run, standing, now });
  const members = membersOf(plan, roster.roster, now);
  const forecast = { plan, participantId, members, crypto, now };
  return {
    participantId,
    plan,
    planHash: toHex(planHash),
    proposer,
    rules,
    ...(standing === undefined ? {} : { standing }),
    bars,
    training,
    wouldContribute: training.outcome === 'trained' && bars.length === 0,
    members,
    messages: messagesOf(forecast, { refused, training, policy }),
    questionBytes: connection.traffic.uploadBytes,
  };
}

/** The rules of the policy come first, as they do when a plan is offered. */
function refusalOf(rules: readonly RuleResult[]): FederatedError | undefined {
  const isOfRecords = ({ rule }: RuleResult) => rule.startsWith('data.') || rule === 'examples.min';
  return (
    policyRefusal(rules.filter((one) => !isOfRecords(one))) ??
    recordsRefusal(rules.filter(isOfRecords) as readonly RecordsResult[])
  );
}

async function trainDry(
  { connection, proposed, policy, opened }: DryParts,
  options: DryRunOptions,
): Promise<DryTraining> {
  const { crypto = nodeCrypto, clock = systemClock, kernels = 'auto', onProgress = () => undefined } = options;
  const { trainer } = opened;
  const { plan } = proposed;
  const masking = {
    crypto,
    kernels: chooseKernels(kernels),
    threads: undefined,
    random: { source: systemRandom, isSystem: true },
  };
  const training = new LocalTraining({ connection, trainer, masking, examplesMin: policy?.examples.min ?? 1 });
  const baseModelHash = fromBase64url(plan.task.model.weightsDigest);
  const signal = options.signal ?? new AbortController().signal;
  const startedAt = clock.monotonicMillis();
  try {
    const run = { runId: plan.run, plan };
    const { examples, metrics } = await training.train(run, { round: 1, baseModelHash }, { signal, onProgress });
    await training.prepare({ plan }, { baseModelHash, metrics: true });
    const seconds = (clock.monotonicMillis() - startedAt) / 1000;
    return { outcome: 'trained', engine: trainer.describe().engine, examples, metrics, seconds };
  } catch (cause) {
    const error = asFederated(cause);
    if (error.code !== 'refused') throw error;
    return { outcome: 'refused', error };
  } finally {
    training.discard();
  }
}

async function barsOf(place: {
  readonly keys: ProposedPlan['keys'];
  readonly policy: Policy | undefined;
  readonly runId: string;
  readonly standing: PlanStanding | undefined;
  readonly now: number;
}): Promise<readonly FederatedError[]> {
  const { keys, policy, runId, standing, now } = place;
  const contributed = policy?.rounds.perDay === undefined ? [] : await maskedTimes(keys.directory);
  return [
    whyNot(await readSwitch(keys.directory), runId),
    standing && whyNotApproved(standing, now),
    policy && roundBar(policy.rounds, now, contributed),
  ].filter((bar) => bar !== undefined);
}

function messagesOf(
  forecast: ForecastOptions,
  found: {
    readonly refused: FederatedError | undefined;
    readonly training: DryTraining;
    readonly policy: Policy | undefined;
  },
): readonly ForecastMessage[] {
  const { refused, training, policy } = found;
  if (refused !== undefined) {
    const quote = quotesRefusal(policy, refused);
    return [forecastDecline(declineOf('approve', refused, { round: 0, quote }))];
  }
  if (training.outcome === 'refused') {
    const declined = declineOf('train', training.error, { round: 1, quote: true });
    return [forecastApproval(forecast), forecastDecline(declined)];
  }
  return forecastRun(forecast);
}
