/** A clock that moves when it is told to, and the timers on it. Names of a process's timers begin with its own. */
export class RoundClock {
  readonly #timers = new Map<string, { readonly due: number; readonly fire: () => void }>();
  #now = 0;

  get now(): number {
    return this.#now;
  }

  /** Milliseconds to the next timer; undefined without one. */
  get idle(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : Math.max(0, next[1].due - this.#now);
  }

  /** Start a timer, or start it again. */
  set(name: string, afterMillis: number, fire: () => void): void {
    this.#timers.set(name, { due: this.#now + afterMillis, fire });
  }

  cancel(name: string): void {
    this.#timers.delete(name);
  }

  /** The timers of a process end with it. */
  cancelAll(process: string): void {
    for (const name of [...this.#timers.keys()]) if (name.startsWith(`${process}/`)) this.#timers.delete(name);
  }

  /** Let time pass; timers fire in order, and `between` happens after each. */
  pass(millis: number, between: () => void = () => {}): void {
    const until = this.#now + millis;
    for (let next = this.#next(); next !== undefined && next[1].due <= until; next = this.#next()) {
      const [name, { due, fire }] = next;
      this.#now = Math.max(this.#now, due);
      this.#timers.delete(name);
      fire();
      between();
    }
    this.#now = until;
  }

  #next() {
    return [...this.#timers].sort((a, b) => a[1].due - b[1].due)[0];
  }
}
