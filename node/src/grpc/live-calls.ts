import type { CallRefusal } from './authorization.js';

/** Calls that are under way, by who calls: whoever may call no more is cut off at once, in the middle of an upload too. */
export class LiveCalls {
  readonly #calls = new Map<string, Set<(status: CallRefusal) => void>>();

  /** @param end ends one call. @returns call it when the call is over. */
  add(who: string, end: (status: CallRefusal) => void): () => void {
    const calls = this.#calls.get(who) ?? new Set();
    this.#calls.set(who, calls.add(end));
    return () => {
      calls.delete(end);
      if (calls.size === 0 && this.#calls.get(who) === calls) this.#calls.delete(who);
    };
  }

  /** End every call of this one. @returns how many there were. */
  end(who: string, status: CallRefusal): number {
    const calls = [...(this.#calls.get(who) ?? [])];
    for (const end of calls) end(status);
    return calls.length;
  }
}
