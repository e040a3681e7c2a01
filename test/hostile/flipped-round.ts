import type { RoundReport } from '@concordat/coordinator';
import type { FederatedError } from '@concordat/core';
import { names } from './consortium.js';
import { unitsPerOne } from './exact-trainer.js';
import { exactSum } from './hostile-case.js';
import type { AnswerFlip, FlippedAnswer, SpokenToCoordinators } from './spoken-to-coordinators.js';

/** A changed message that was said. */
export interface SaidFlip {
  readonly flip: AnswerFlip;
  /** What the coordinator answered instead of taking it. */
  readonly refusal: FederatedError | undefined;
  /** The byte is in the message. */
  readonly isSaid: boolean;
}

/** A round in which "acme" said changed messages. */
export interface FlippedRound {
  readonly round: number;
  /** Which message was changed. */
  readonly about: SpokenToCoordinators | undefined;
  readonly said: readonly SaidFlip[];
  /** The true message that followed was taken. */
  readonly isTaken: boolean;
}

/** Codes that say nothing of what is wrong with a message. */
export const namelessCodes: readonly string[] = ['internal', 'state-lost', 'deadline'];

/** What became of each. @param end how the round ended; see `endOf`. */
export function judgeFlips({ about, said, isTaken }: FlippedRound, end: string): FlippedAnswer[] {
  const mustEnd = wantedEnd(about, isTaken);
  return said.map(({ flip, refusal, isSaid }) => {
    const wrong = end === mustEnd ? [] : [`the round ended as: ${end}`];
    if (!isSaid) wrong.push('it was never said');
    if (refusal === undefined) return { flip, refusals: [], end, wrong };
    if (namelessCodes.includes(refusal.code)) wrong.push(`refused as ${refusal.code}: ${refusal.message}`);
    return { flip, refusals: [[refusal.code, refusal.detail.rule].join(' ').trim()], end, wrong };
  });
}

/** The step does not wait for this participant (any more): what it says is not looked at. */
export function isExcluded({ code, message }: FederatedError): boolean {
  return code === 'protocol' && / is not expected now$/.test(message);
}

/** `sum of a, b, c` when the model moved by exactly their mean; else what came instead. @param before, after [d]. */
export function endOf({ outcome, survivors, round }: RoundReport, before: Float32Array, after?: Float32Array): string {
  if (outcome !== 'published' || after === undefined) return outcome;
  const moved = before.map((value, i) => (after[i]! - value) * unitsPerOne * survivors.length);
  const isExact = exactSum(survivors, round).every((units, i) => Math.abs(moved[i]! - units) < 0.3);
  return `${isExact ? 'sum' : 'WRONG SUM'} of ${survivors.join(', ')}`;
}

/** Whoever is excluded behind its upload is in the sum. */
function wantedEnd(about: SpokenToCoordinators | undefined, isTaken: boolean): string {
  if (about === 'abort') return 'abandoned';
  const isIn = about === undefined || about === 'certify' || about === 'reveal' || (isTaken && about !== 'decline');
  return `sum of ${(isIn ? names : names.slice(1)).join(', ')}`;
}
