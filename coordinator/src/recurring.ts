import type { Clock } from '@concordat/node';

/** Does something again and again until it is closed: `millis` after it was done, it is done again. */
export class Recurring {
  readonly #clock: Pick<Clock, 'after' | 'monotonicMillis'>;
  readonly #millis: number;
  readonly #work: () => unknown;
  #cancel: () => void = () => undefined;
  #closed = false;

  /** @param work may take its time; must not throw. */
  constructor(clock: Pick<Clock, 'after' | 'monotonicMillis'>, millis: number, work: () => unknown) {
    this.#clock = clock;
    this.#millis = millis;
    this.#work = work;
    this.#later();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #later(): void {
    const due = this.#clock.monotonicMillis() + this.#millis;
    this.#cancel = this.#clock.after(this.#millis, () => {
      // A clock that fires before its time is that of a process that is over: it would fire for ever.
      if (this.#closed || this.#clock.monotonicMillis() < due - 1) return;
      void Promise.resolve(this.#work()).then(() => {
        if (!this.#closed) this.#later();
      });
    });
  }
}
