/** Named one-shot timers of a run; setting one again restarts it. */
export class Timers {
  readonly #running = new Map<string, NodeJS.Timeout>();
  readonly #fired: (name: string) => void;

  constructor(fired: (name: string) => void) {
    this.#fired = fired;
  }

  set(name: string, afterMillis: number): void {
    this.cancel(name);
    const timer = setTimeout(() => {
      this.#running.delete(name);
      this.#fired(name);
    }, afterMillis);
    this.#running.set(name, timer);
  }

  cancel(name: string): void {
    clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  cancelAll(): void {
    for (const name of [...this.#running.keys()]) this.cancel(name);
  }
}
