import { bounds, FederatedError, type ParticipationRecord, thresholdOf } from '@concordat/core';
import type { KeptEntry } from './egress-log.js';

/** One masked update of ours that left, and whom it is hidden among. */
export interface ExposedRound {
  readonly runId: string;
  readonly round: number;
  /** When it left, RFC 3339. */
  readonly time: string;
  /** Members of the session, ourselves included; undefined when the journal no longer says. */
  readonly cohort: number | undefined;
  /** Updates in the sum that was opened; undefined when we signed no list of survivors. */
  readonly survivors: number | undefined;
  /** Whether ours is in a sum that we helped to open. */
  readonly included: boolean;
  readonly learned: Learned;
}

/**
 * The most that a coordinator can know that was broken into, together with so many members: nothing but noise; the sum of so many updates,
 * ours among them; or ours alone.
 */
export type Learned =
  | { readonly type: 'nothing' }
  | { readonly type: 'sum'; readonly of: number }
  | { readonly type: 'ours' };

/** Which rounds are looked at, and how many colluders are assumed. */
export interface ExposureOptions {
  /** Milliseconds since 1970; updates that left from `from` on and before `to`. */
  readonly from: number;
  readonly to: number;
  /** Members that tell the coordinator everything. */
  readonly colluders: number;
}

/**
 * In which sums we were, of how many, and what could be learned.
 *
 * What k colluders know is taken off the sum; T of them, the session's threshold, open every mask (Bonawitz et al. 2017, §7.2).
 * A session that was never opened gives nothing away below T.
 *
 * @throws `invalid-argument` for a period that ends before it begins, or a number of colluders that no session has.
 */
export function exposureOf(
  entries: readonly KeptEntry[],
  records: readonly ParticipationRecord[],
  options: ExposureOptions,
): ExposedRound[] {
  const { from, to, colluders } = options;
  if (!(from < to)) {
    throw new FederatedError('invalid-argument', 'the period ends before it begins', {
      detail: { from: new Date(from).toISOString(), to: new Date(to).toISOString() },
      fix: 'Name an earlier --from or a later --to.',
    });
  }
  if (!Number.isInteger(colluders) || colluders < 0 || colluders > bounds.cohortMax) {
    throw new FederatedError('invalid-argument', 'that many members cannot collude', {
      detail: { required: bounds.cohortMax, offered: colluders },
    });
  }
  return entries
    .filter(({ masked, time }) => masked && from <= Date.parse(time) && Date.parse(time) < to)
    .map(({ runId, round, time }) => {
      const session = sessionOf(records, runId, round);
      return { runId, round, time, ...session, learned: learnedOf(session, colluders) };
    });
}

type Session = Pick<ExposedRound, 'cohort' | 'survivors' | 'included'>;

function sessionOf(records: readonly ParticipationRecord[], runId: string, round: number): Session {
  let session: Session = { cohort: undefined, survivors: undefined, included: false };
  for (const entry of records) {
    if (entry.type !== 'session' || entry.runId !== runId || entry.round !== round) continue;
    const { record } = entry;
    if (record.type === 'cohort-accepted') session = { ...session, cohort: record.participants.length };
    if (record.type === 'survivors-signed') session = { ...session, survivors: record.survivors };
    if (record.type === 'revealed') session = { ...session, included: record.included };
  }
  return session;
}

function learnedOf({ cohort, survivors, included }: Session, colluders: number): Learned {
  // A plan tolerates as many colluders as its participants agreed on, and asks for more shares for them: with none it is the fewest.
  if (cohort !== undefined && colluders >= thresholdOf(cohort, 0)) return { type: 'ours' };
  if (!included || survivors === undefined) return { type: 'nothing' };
  const of = survivors - colluders;
  return of <= 1 ? { type: 'ours' } : { type: 'sum', of };
}
