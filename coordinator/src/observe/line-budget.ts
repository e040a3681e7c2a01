import type { Clock } from '@concordat/node';

/** Lines that peers cause, written in one second at most; the rest are counted. A peer may not fill the disk. */
export class LineBudget {
  readonly #perSecond: number;
  readonly #clock: Pick<Clock, 'monotonicMillis'>;
  #second = { number: -1, lines: 0 };
  #unwritten = 0;

  constructor(perSecond: number, clock: Pick<Clock, 'monotonicMillis'>) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** @returns fields for the line, which say how many before it were not written; undefined when it is not to be written itself. */
  take(): { readonly unwritten?: number } | undefined {
    const number = Math.floor(this.#clock.monotonicMillis() / 1000);
    if (this.#second.number !== number) this.#second = { number, lines: 0 };
    this.#second.lines++;
    if (this.#second.lines > this.#perSecond) {
      this.#unwritten++;
      return undefined;
    }
    const unwritten = this.#unwritten;
    this.#unwritten = 0;
    return unwritten === 0 ? {} : { unwritten };
  }
}
