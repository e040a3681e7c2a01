import { setImmediate as nextTurn } from 'node:timers/promises';

/** One event on its way, and what came of it. */
export interface Delivery<Event, Answer> {
  readonly event: Event;
  answer: Answer | undefined;
  /** Why it is refused. */
  error: unknown;
}

interface Waiting<Event, Answer> extends Delivery<Event, Answer> {
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** As many as are taken at once; more would keep the event loop too long. */
const deliveriesMax = 16;

/** Events in their order: those that come while others are handled are handled together after them, so that they share what it costs. */
export class Deliveries<Event, Answer> {
  readonly #handle: (deliveries: readonly Delivery<Event, Answer>[]) => Promise<void>;
  readonly #waiting: Waiting<Event, Answer>[] = [];
  #handling: Promise<void> | undefined;

  /** @param handle notes answers and errors in the deliveries; when it rejects, all of them do. */
  constructor(handle: (deliveries: readonly Delivery<Event, Answer>[]) => Promise<void>) {
    this.#handle = handle;
  }

  /** @returns the answer, when everything that the event led to is done. */
  deliver(event: Event): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject, answer: undefined, error: undefined });
      this.#handling ??= this.#handleWaiting();
    });
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    await this.#handling;
  }

  async #handleWaiting(): Promise<void> {
    // What the sockets hold by now is taken together: a transaction blocks the event loop while they fill.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const deliveries = this.#waiting.splice(0, deliveriesMax);
      try {
        await this.#handle(deliveries);
        for (const { resolve, reject, answer, error } of deliveries) {
          if (error === undefined) resolve(answer);
          else reject(error);
        }
      } catch (error) {
        for (const { reject } of deliveries) reject(error);
      }
    }
    this.#handling = undefined;
  }
}
