/** What happens next in virtual time, earliest first; equal times in the order they were scheduled, so a run repeats exactly. */
export class VirtualTime<Happening> {
  #now = 0;
  #scheduled = 0;
  readonly #heap: { readonly at: number; readonly order: number; readonly happening: Happening }[] = [];

  /** Virtual milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Happenings that wait. */
  get waiting(): number {
    return this.#heap.length;
  }

  /** @param afterMillis ≥ 0, from now. */
  schedule(afterMillis: number, happening: Happening): void {
    const heap = this.#heap;
    heap.push({ at: this.#now + Math.max(0, afterMillis), order: this.#scheduled++, happening });
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) break;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  /** Advance to the next happening. @returns undefined when nothing waits. */
  next(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    this.#now = first.at;
    return first.happening;
  }

  #sink(): void {
    const heap = this.#heap;
    let parent = 0;
    for (;;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && this.#before(child, least)) least = child;
      }
      if (least === parent) return;
      [heap[parent], heap[least]] = [heap[least]!, heap[parent]!];
      parent = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a]!, this.#heap[b]!];
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }
}
