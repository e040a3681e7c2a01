import { type Clock, systemClock } from '@concordat/node';

/** Real time, and whatever is skipped of it. */
export function skippedClock(): Clock & { skip(millis: number): void } {
  let skipped = 0;
  const waiting = new Map<() => void, number>();
  const monotonicMillis = () => systemClock.monotonicMillis() + skipped;
  return {
    ...systemClock,
    monotonicMillis,
    after(afterMillis, fire) {
      const due = () => {
        cancel();
        fire();
      };
      const stop = systemClock.after(afterMillis, due);
      const cancel = () => {
        stop();
        waiting.delete(due);
      };
      waiting.set(due, monotonicMillis() + afterMillis);
      return cancel;
    },
    skip(millis) {
      skipped += millis;
      for (const [fire, at] of [...waiting]) if (at <= monotonicMillis()) fire();
    },
  };
}
