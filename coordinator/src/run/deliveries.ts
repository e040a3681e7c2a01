import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@concordat/node';

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

export interface DeliveriesOptions<Event, Answer> {
  /** Notes answers and errors in the deliveries; when it rejects, all of them do. */
  readonly handle: (deliveries: readonly Delivery<Event, Answer>[]) => Promise<void>;
  /** Of the clock of the run, by which events wait for others. */
  readonly after: Clock['after'];
  /** Whether nothing can come of these events but their answers until others follow them: then they wait for those a moment. */
  readonly canWait?: (deliveries: readonly Delivery<Event, Answer>[]) => boolean;
}

/** As many as are taken at once; more would keep the event loop too long. */
const deliveriesMax = 16;

/**
 * For how long events may wait for others. Ten participants of one phase answer within some 40 ms, and a transaction costs about a
 * millisecond; nobody goes on before the last of them has answered.
 */
const gatherMillis = 20;

/** Events in their order: those that come while others are handled are handled together after them, so that they share what it costs. */
export class Deliveries<Event, Answer> {
  readonly #options: DeliveriesOptions<Event, Answer>;
  readonly #waiting: Waiting<Event, Answer>[] = [];
  #handling: Promise<void> | undefined;
  /** Ends the moment in which events wait for others. */
  #gathered: (() => void) | undefined;

  constructor(options: DeliveriesOptions<Event, Answer>) {
    this.#options = options;
  }

  /** @returns the answer, when everything that the event led to is done. */
  deliver(event: Event): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject, answer: undefined, error: undefined });
      if (!this.#canWait()) this.#gathered?.();
      this.#handling ??= this.#handleWaiting();
    });
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    this.#gathered?.();
    await this.#handling;
  }

  async #handleWaiting(): Promise<void> {
    // What the sockets hold by now is taken together: a transaction blocks the event loop while they fill.
    await nextTurn();
    while (this.#waiting.length > 0) {
      if (this.#canWait()) await this.#gather();
      const deliveries = this.#waiting.splice(0, deliveriesMax);
      try {
        await this.#options.handle(deliveries);
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

  #canWait(): boolean {
    return this.#waiting.length < deliveriesMax && this.#options.canWait?.(this.#waiting) === true;
  }

  #gather(): Promise<void> {
    return new Promise((resolve) => {
      const gathered = () => {
        takeBack();
        this.#gathered = undefined;
        resolve();
      };
      const takeBack = this.#options.after(gatherMillis, gathered);
      this.#gathered = gathered;
    });
  }
}
