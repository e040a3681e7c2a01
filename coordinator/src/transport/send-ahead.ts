/** Of one stream. */
const perStreamMax = 8;

/**
 * Replies that may be on their way beside the one of each stream, of all streams together: a few readers are sent to without a pause, and a
 * hundred at once hold no more than that much more memory.
 */
export class SendAhead {
  #free: number;

  /** @param max replies. */
  constructor(max: number) {
    this.#free = max;
  }

  /** @param ahead replies of the stream that are on their way so already. @returns whether one more may be; then it is given back once. */
  take(ahead: number): boolean {
    if (this.#free === 0 || ahead >= perStreamMax) return false;
    this.#free -= 1;
    return true;
  }

  giveBack(): void {
    this.#free += 1;
  }
}
