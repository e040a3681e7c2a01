import { getPriority, setPriority } from 'node:os';
import { FederatedError } from '@concordat/core';

/** The most a thread can step back. */
export const niceMax = 19;

/** @throws `invalid-argument` unless it is absent or a whole number from 0 to {@link niceMax}. */
export function requireNice(nice: number | undefined): void {
  if (nice === undefined || (Number.isInteger(nice) && nice >= 0 && nice <= niceMax)) return;
  throw new FederatedError('invalid-argument', 'not a priority', {
    detail: { required: `0 to ${niceMax}`, offered: nice },
    fix: 'Set nice to 0 to train like everything else here, 19 to train when nobody else wants the processor.',
  });
}

/**
 * Let the calling thread, and those that it starts, step back for all others. Belongs into a worker.
 *
 * On Linux a priority is a thread's own, and 0 names the calling one; elsewhere the whole process would be meant, so nothing is done.
 */
export function stepBack(nice: number | undefined): void {
  if (nice === undefined || process.platform !== 'linux' || nice <= getPriority(0)) return;
  setPriority(0, nice);
}
