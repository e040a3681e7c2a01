import type { VirtualTime } from './virtual-time.js';

/** The timers of one machine: setting a name again replaces it, as the machines expect. */
export class NamedTimers {
  readonly #time: VirtualTime<() => void>;
  readonly #fire: (name: string) => void;
  readonly #current = new Map<string, symbol>();

  constructor(time: VirtualTime<() => void>, fire: (name: string) => void) {
    this.#time = time;
    this.#fire = fire;
  }

  set(name: string, afterMillis: number): void {
    const setting = Symbol(name);
    this.#current.set(name, setting);
    this.#time.schedule(afterMillis, () => {
      if (this.#current.get(name) !== setting) return;
      this.#current.delete(name);
      this.#fire(name);
    });
  }

  cancel(name: string): void {
    this.#current.delete(name);
  }

  cancelAll(): void {
    this.#current.clear();
  }
}
