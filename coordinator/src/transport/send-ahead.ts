import { ByteBudget } from '../store/byte-budget.js';

/** Of one stream. */
const perStreamBytesMax = 1024 * 1024;

/**
 * Bytes that may be on their way beside one reply of each stream, of all streams together: a few readers are sent to without a pause, and a
 * hundred at once hold no more than that much more memory.
 */
export class SendAhead {
  readonly #budget: ByteBudget;

  constructor(bytesMax: number) {
    this.#budget = new ByteBudget(bytesMax);
  }

  /**
   * @param bytes of a reply. @param aheadBytes of the stream that are on their way so already.
   * @returns whether the next may be made before it is taken; then its bytes are given back once.
   */
  take(bytes: number, aheadBytes: number): boolean {
    return aheadBytes + bytes <= perStreamBytesMax && this.#budget.take(bytes);
  }

  giveBack(bytes: number): void {
    this.#budget.giveBack(bytes);
  }
}
