import type { Clock } from '@concordat/node';

/** A right that lasts as long as it is used: over when it was not renewed for some time. */
export class UploadLease {
  readonly millis: number;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #cancel: () => void;

  /** @param millis between two renewals, at most. */
  constructor(clock: Clock, millis: number) {
    this.#clock = clock;
    this.millis = millis;
    this.#cancel = this.#wait();
  }

  /** Fires when it was not renewed in time. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  renew(): void {
    this.#cancel();
    this.#cancel = this.#wait();
  }

  /** Nobody needs it any more. */
  end(): void {
    this.#cancel();
  }

  #wait(): () => void {
    return this.#clock.after(this.millis, () => this.#over.abort());
  }
}
