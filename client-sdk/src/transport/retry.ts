import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, FederatedError } from '@concordat/core';

const firstMillis = 250;
const lastMillis = 2_000;

/**
 * How long to wait before attempt `attempt` (1, 2, …): full jitter under 250 ms, doubling to 2 s, so that many clients do
 * not come back in step.
 */
export function backoffMillis(attempt: number): number {
  return randomInt(1, Math.min(lastMillis, firstMillis * 2 ** Math.min(attempt - 1, 10)) + 1);
}

/** UNAVAILABLE, RESOURCE_EXHAUSTED and ABORTED all come as `unavailable`, DEADLINE_EXCEEDED as `deadline`. */
const curable: readonly ErrorCode[] = ['unavailable', 'deadline'];

/** Whether repeating the same call may help. */
export function isCurable(error: unknown): boolean {
  return error instanceof FederatedError && curable.includes(error.code);
}

/**
 * Repeat a call while it fails in a way that a repetition may cure, until the deadline. The one place that retries calls.
 *
 * @param options.deadline milliseconds of `performance.now()`.
 * @throws the last failure; the signal's reason when aborted.
 */
export async function retry<T>(
  attemptCall: () => Promise<T>,
  options: { readonly deadline: number; readonly signal: AbortSignal },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    try {
      return await attemptCall();
    } catch (error) {
      const pause = backoffMillis(attempt);
      if (!isCurable(error) || performance.now() + pause >= options.deadline) throw error;
      await pauseFor(pause, options.signal);
    }
  }
}

/** Wait, or throw the signal's reason. */
export async function pauseFor(millis: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(millis, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
