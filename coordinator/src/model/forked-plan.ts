import { type Plan, refusal, requirePlan, roundMinimum, toBase64url } from '@concordat/core';
import type { RoundStory } from '../explain/round-story.js';

/** A round as it is told, where it has ended. */
export type EndedRound = NonNullable<RoundStory['report']> & Pick<RoundStory, 'kind' | 'outcome'>;

/** What a run is forked from. */
export interface ForkPoint {
  readonly run: string;
  readonly planHash: Uint8Array;
  readonly plan: Plan;
  /** The round whose model is gone on with. */
  readonly round: EndedRound;
  /** Rounds behind it, in order: those that trained from its model are looked for. */
  readonly later: readonly EndedRound[];
  /** Participants of the roster → organization. */
  readonly roster: ReadonlyMap<string, string>;
}

/** What of the plan is another in the fork. */
export interface ForkTerms {
  readonly run: string;
  /** Models to publish; by default as many as the forked run had left. */
  readonly rounds?: number;
  readonly purpose?: string;
  /** RFC 3339, UTC. */
  readonly expires?: string;
}

export interface Fork {
  readonly plan: Plan;
  readonly modelVersion: number;
  /** Participants that may have signed survivors on that model, and would decline: sorted. */
  readonly barred: readonly string[];
}

/**
 * The plan of a run that goes on from the model of an earlier round.
 *
 * Whoever signed survivors of updates on a model contributes to it no more, in whatever run, since two sums on one model could be compared.
 * So the last model of a run can always be gone on with, and an earlier one by those who took no part in the rounds that trained from it.
 *
 * @throws `refused` `fork.round` when the round published no model; `fork.barred` when too few could contribute; as `requirePlan`.
 */
export function forkedPlan(point: ForkPoint, terms: ForkTerms): Fork {
  const { plan, round, planHash, roster } = point;
  if (round.outcome !== 'published') {
    throw refusal('fork.round', `round ${round.round} of run ${point.run} published no model`, {
      required: 'a round that published',
      offered: round.outcome,
      fix: 'Name another round; concordat coordinator explain tells what became of one.',
    });
  }
  const { modelVersion } = round;
  const barred = barredBy(point.later.filter((one) => one.baseModelVersion === modelVersion && one.kind === 'train'));
  const able = new Set([...roster].filter(([participant]) => !barred.includes(participant)).map(([, owner]) => owner));
  const least = roundMinimum(plan);
  if (able.size < least) {
    throw refusal('fork.barred', `too few could contribute to model ${modelVersion} once more`, {
      required: least,
      offered: able.size,
      fix: `Fork from a round whose model nobody has trained from, such as the last; ${barred.length} members took part in a sum on this one and may not do so again.`,
    });
  }
  const forked = requirePlan({
    ...plan,
    run: terms.run,
    purpose: terms.purpose ?? plan.purpose,
    rounds: terms.rounds ?? Math.max(1, plan.rounds - modelVersion),
    approval: { ...plan.approval, expires: terms.expires ?? plan.approval.expires },
    task: {
      ...plan.task,
      model: { ...plan.task.model, weightsDigest: toBase64url(Buffer.from(round.modelHash, 'hex')) },
    },
    parent: toBase64url(planHash),
  });
  return { plan: forked, modelVersion, barred };
}

/** Of a round that was given up it is known who was lost, not who signed before. */
function barredBy(rounds: readonly EndedRound[]): readonly string[] {
  const signed = rounds.flatMap(({ outcome, survivors, cohort, dropped, phases }) => {
    if (outcome !== 'abandoned') return survivors;
    if (!('certify' in phases)) return [];
    const early = dropped.filter(({ step }) => step !== 'certify' && step !== 'reveal');
    const lost = new Set(early.map(({ participant }) => participant));
    return cohort.filter((participant) => !lost.has(participant));
  });
  return [...new Set(signed)].sort();
}

/** Whether a later round may still train from a model of this version. */
export function mayTrainFrom({ mode }: Plan, modelVersion: number, later: EndedRound): boolean {
  const reach = mode === 'sync' ? 0 : mode.async.maxStaleness;
  return later.baseModelVersion <= modelVersion + reach;
}
