import type { Clock } from '@concordat/node';

/**
 * A line that is long and wide: what goes in comes out after a fixed time, in order, and as fast as it went in.
 *
 * A proxy that waits before each write is a slow line, not a long one: of it one message comes out in a delay, and every window looks too
 * small. Here nothing waits for what is on the way before it.
 */
export class DelayLine<Thing> {
  readonly #clock: Pick<Clock, 'monotonicMillis' | 'after'>;
  readonly #delayMillis: number;
  readonly #out: (thing: Thing) => void;
  readonly #onTheWay: { readonly due: number; readonly thing: Thing }[] = [];
  #first = 0;
  #cancel: (() => void) | undefined;

  /** @param out gets each thing when it has been on the way for `delayMillis`. */
  constructor(clock: Pick<Clock, 'monotonicMillis' | 'after'>, delayMillis: number, out: (thing: Thing) => void) {
    this.#clock = clock;
    this.#delayMillis = delayMillis;
    this.#out = out;
  }

  put(thing: Thing): void {
    this.#onTheWay.push({ due: this.#clock.monotonicMillis() + this.#delayMillis, thing });
    if (this.#cancel === undefined) this.#wait();
  }

  /** Lose what is on the way. */
  cut(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#onTheWay.length = 0;
    this.#first = 0;
  }

  #wait(): void {
    const next = this.#onTheWay[this.#first];
    if (next === undefined) return;
    const left = Math.max(0, next.due - this.#clock.monotonicMillis());
    this.#cancel = this.#clock.after(left, () => this.#deliver());
  }

  #deliver(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonicMillis();
    for (let next = this.#onTheWay[this.#first]; next !== undefined && next.due <= now; ) {
      this.#first += 1;
      this.#out(next.thing);
      next = this.#onTheWay[this.#first];
    }
    // Not shifted one by one: at a gigabyte a second there are ten thousand on the way.
    if (this.#first * 2 >= this.#onTheWay.length) {
      this.#onTheWay.splice(0, this.#first);
      this.#first = 0;
    }
    this.#wait();
  }
}
