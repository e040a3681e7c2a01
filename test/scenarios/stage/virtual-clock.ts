import type { Clock } from '@concordat/node';

interface Timer {
  readonly at: number;
  /** Who set it, and its place among all that this owner set. */
  readonly owner: string;
  readonly place: number;
  readonly fire: () => void;
}

const lookedAtMillis = 3_600_000;

/** Milliseconds since 1970 at the start of every scenario. */
export const wallStart = Date.UTC(2026, 0, 1);

/**
 * Time that stands still until it is advanced, to the next timer and no further. Timers of one instant fire in the order of their
 * owners' names, then as they were set: the order in which two programs set theirs is not part of a scenario.
 */
export class VirtualClock {
  #now = 0;
  readonly #timers = new Set<Timer>();
  readonly #ended = new Set<string>();
  readonly #places = new Map<string, number>();

  get now(): number {
    return this.#now;
  }

  wallMillis(): number {
    return wallStart + this.#now;
  }

  /** The clock as one program sees it. */
  of(owner: string): Clock {
    const after = (afterMillis: number, fire: () => void) => this.#set(owner, afterMillis, fire);
    return {
      monotonicMillis: () => this.#now,
      after,
      sleep: (millis, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true || this.#ended.has(owner)) return resolve();
          const done = () => {
            cancel();
            signal?.removeEventListener('abort', done);
            resolve();
          };
          const cancel = after(millis, done);
          signal?.addEventListener('abort', done, { once: true });
        }),
    };
  }

  /** A program was killed: what it still waits for is over at once, and none of it counts. */
  end(owner: string): void {
    this.#ended.add(owner);
    for (const timer of [...this.#timers].filter((one) => one.owner === owner)) {
      this.#timers.delete(timer);
      setImmediate(timer.fire);
    }
  }

  /** @returns whose timer fired; undefined when none is set. */
  advance(): string | undefined {
    const [next] = [...this.#timers].sort(
      (a, b) => a.at - b.at || (a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : a.place - b.place),
    );
    if (next === undefined) return undefined;
    this.#timers.delete(next);
    this.#now = next.at;
    next.fire();
    return next.owner;
  }

  #set(owner: string, afterMillis: number, fire: () => void): () => void {
    if (this.#ended.has(owner)) {
      // What a killed program still waits for is over; what it would look at every hour, again and again, is never looked at.
      if (afterMillis < lookedAtMillis) setImmediate(fire);
      return () => undefined;
    }
    const place = (this.#places.get(owner) ?? 0) + 1;
    this.#places.set(owner, place);
    const timer = { at: this.#now + Math.max(0, afterMillis), owner, place, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}
