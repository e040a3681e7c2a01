import { type Clock, systemClock } from '@concordat/node';

/** Real time, but the deadlines that are running can be said to be over. */
export function hurriedClock(): Clock & { hurry(): void } {
  const waiting = new Set<() => void>();
  return {
    ...systemClock,
    after(afterMillis, fire) {
      const now = () => {
        cancel();
        waiting.delete(now);
        fire();
      };
      const cancel = systemClock.after(afterMillis, now);
      waiting.add(now);
      return () => {
        cancel();
        waiting.delete(now);
      };
    },
    hurry() {
      for (const fire of [...waiting]) fire();
    },
  };
}
