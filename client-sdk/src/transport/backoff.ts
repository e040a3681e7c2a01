import { FederatedError, type Random, readU32 } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { isStopped, isTransient, stopped } from './failures.js';

const firstMillis = 250;
const longestMillis = 2_000;

/** Milliseconds to wait before attempt `attempt` + 1: full jitter under a doubling cap, 250 ms to 2 s. */
export function backoffMillis(attempt: number, random: Random): number {
  const cap = Math.min(longestMillis, firstMillis * 2 ** Math.min(attempt, 16));
  return (readU32(random.bytes(4)) / 2 ** 32) * cap;
}

/** A coordinator that wants longer is asked again after this. */
const retryAfterMillisMax = 60_000;

/**
 * Milliseconds to wait after a failure: the back-off, and never less than what an overloaded coordinator asked for, with up to half of it more,
 * so that those it sent away together do not come back together.
 */
export function pauseMillis(failure: FederatedError, attempt: number, random: Random): number {
  const { retryAfterMillis } = failure.detail;
  const backoff = backoffMillis(attempt, random);
  if (typeof retryAfterMillis !== 'number' || !(retryAfterMillis > 0)) return backoff;
  const asked = Math.min(retryAfterMillis, retryAfterMillisMax);
  return Math.max(backoff, asked * (1 + readU32(random.bytes(4)) / 2 ** 33));
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** From now, over all attempts. */
  readonly deadlineMillis: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The one place that repeats calls: while the failure is transient and the deadline is ahead.
 *
 * @param call one attempt; gets the milliseconds that are left.
 * @throws the first failure that is no transient one; at the deadline the last failure, `unavailable` or `deadline`, with
 *   the number of attempts; `unavailable` once the signal fired.
 */
export async function retry<Result>(
  options: RetryOptions,
  call: (leftMillis: number) => Promise<Result>,
): Promise<Result> {
  const { clock, random, deadlineMillis, signal } = options;
  const end = clock.monotonicMillis() + deadlineMillis;
  for (let attempt = 0; ; attempt++) {
    if (isStopped(signal)) throw stopped(signal);
    let failure: FederatedError;
    try {
      return await call(Math.max(1, end - clock.monotonicMillis()));
    } catch (error) {
      if (!(error instanceof FederatedError) || !isTransient(error)) throw error;
      failure = error;
    }
    if (isStopped(signal)) throw stopped(signal);
    const pause = pauseMillis(failure, attempt, random);
    if (clock.monotonicMillis() + pause >= end) throw outOfTime(failure, deadlineMillis, attempt + 1);
    await clock.sleep(pause, signal);
  }
}

function outOfTime(cause: FederatedError, deadlineMillis: number, attempts: number): FederatedError {
  const { code, message, detail, fix } = cause;
  return new FederatedError(code, `${message} (${attempts} attempts within ${deadlineMillis} ms)`, {
    detail: { ...detail, deadlineMillis, attempts },
    ...(fix === undefined ? {} : { fix }),
    cause,
  });
}
