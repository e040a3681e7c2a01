import { closeSync, openSync, readSync } from 'node:fs';
import { FederatedError } from '@concordat/core';

/**
 * The longest turn of this thread's event loop, in milliseconds on a processor: an upper bound of the longest synchronous section, whatever
 * else the machine does. Linux counts it for each thread (`/proc/PID/task/TID/schedstat`).
 */
export class SectionWatch {
  readonly #file: number;
  readonly #text = Buffer.alloc(64);
  #before = 0;
  #longest = 0;
  #watching = true;

  /** For the main thread. @throws `unavailable` where there is no Linux /proc. */
  constructor() {
    try {
      this.#file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
    } catch (cause) {
      throw new FederatedError('unavailable', 'the time of a thread is read in the /proc of Linux', { cause });
    }
    this.#before = this.#usedMillis();
    this.#turn();
  }

  get longestMillis(): number {
    return this.#longest;
  }

  /** Begin anew. */
  forget(): void {
    this.#longest = 0;
    this.#before = this.#usedMillis();
  }

  stop(): void {
    this.#watching = false;
    closeSync(this.#file);
  }

  #turn(): void {
    setImmediate(() => {
      if (!this.#watching) return;
      const now = this.#usedMillis();
      this.#longest = Math.max(this.#longest, now - this.#before);
      this.#before = now;
      this.#turn();
    });
  }

  #usedMillis(): number {
    const length = readSync(this.#file, this.#text, 0, this.#text.length, 0);
    return Number(this.#text.toString('latin1', 0, length).split(' ')[0]) / 1e6;
  }
}
