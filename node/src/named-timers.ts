import type { Clock } from './clock.js';

/** Named one-shot timers; setting one again restarts it. */
export class NamedTimers {
  readonly #clock: Clock;
  /** Name → takes it back. */
  readonly #running = new Map<string, () => void>();
  readonly #fired: (name: string) => void;

  constructor(clock: Clock, fired: (name: string) => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  set(name: string, afterMillis: number): void {
    this.cancel(name);
    const cancel = this.#clock.after(afterMillis, () => {
      this.#running.delete(name);
      this.#fired(name);
    });
    this.#running.set(name, cancel);
  }

  cancel(name: string): void {
    this.#running.get(name)?.();
    this.#running.delete(name);
  }

  cancelAll(): void {
    for (const name of [...this.#running.keys()]) this.cancel(name);
  }
}
