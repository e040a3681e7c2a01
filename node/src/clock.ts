import { performance } from 'node:perf_hooks';

/** Time as runners and transports see it: one that only goes forward, and waits. A simulation brings its own. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  monotonicMillis(): number;
  /**
   * Call `fire` once, after `afterMillis`.
   *
   * @returns takes it back; does nothing once it has fired.
   */
  after(afterMillis: number, fire: () => void): () => void;
  /** Resolves after `millis`, or at once when the signal fires; never rejects. */
  sleep(millis: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  monotonicMillis: () => performance.now(),
  after: (afterMillis, fire) => {
    const timer = setTimeout(fire, afterMillis);
    return () => clearTimeout(timer);
  },
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
