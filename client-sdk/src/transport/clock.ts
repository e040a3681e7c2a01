import { performance } from 'node:perf_hooks';

/** Time as the transport sees it: one that only goes forward, and waits. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  monotonicMillis(): number;
  /** Resolves after `millis`, or at once when the signal fires; never rejects. */
  sleep(millis: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  monotonicMillis: () => performance.now(),
  sleep: (millis, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, millis);
      signal?.addEventListener('abort', done, { once: true });
    }),
};
