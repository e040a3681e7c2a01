import type { Clock } from '@concordat/node';

/** Connections are looked at this often: TLS itself looks at the dates of a certificate only when a connection begins. */
const lookMillis = 60_000;

/** Calls `look` again and again until it is closed. */
export class Expiries {
  #cancel: () => void = () => undefined;

  constructor(clock: Pick<Clock, 'after'>, look: () => void) {
    const later = () => {
      this.#cancel = clock.after(lookMillis, () => {
        look();
        later();
      });
    };
    later();
  }

  close(): void {
    this.#cancel();
  }
}
