/** Bytes that may be held in memory at a time, by all together. */
export class ByteBudget {
  #freeBytes: number;

  constructor(bytesMax: number) {
    this.#freeBytes = bytesMax;
  }

  /** @returns whether so many more may be held; then they are given back once. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#freeBytes += bytes;
  }
}
