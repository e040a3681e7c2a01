import type { FederatedError } from '@concordat/core';
import { type Clock, parseAddresses } from '@concordat/node';
import { nobodyAnswered } from './failures.js';

/** An address where a line broke, or came about not at all, is dialled again after so long, unless there is no better one. */
const shunMillis = 20_000;
/** One that refused at once costs nothing: it is dialled again soon. */
const refusedMillis = 1_000;
/** An attempt that failed within this was refused. */
const atOnceMillis = 3_000;
/** A leader that others name is believed so long after its line broke: had it stopped, its lease would have run out by then. */
const believeMillis = 6_000;

/**
 * The addresses of the coordinators of one consortium, and which is dialled now. Only addresses that stand in the enrolment are ever
 * dialled: a coordinator may say which of them leads, and nothing else.
 */
export class AddressList {
  readonly #addresses: readonly string[];
  readonly #clock: Pick<Clock, 'monotonicMillis'>;
  readonly #broken = new Map<string, { readonly at: number; readonly until: number }>();
  #current: string;

  /** @param addresses `host:port`, or several with commas between; the first is dialled first. */
  constructor(addresses: string, clock: Pick<Clock, 'monotonicMillis'>) {
    this.#addresses = parseAddresses(addresses) ?? [addresses];
    this.#clock = clock;
    this.#current = this.#addresses[0]!;
  }

  get current(): string {
    return this.#current;
  }

  /**
   * A call failed.
   *
   * @param dialled what was current when it began. @param tookMillis from there to the failure.
   * @returns whether another address is current now, because of it.
   */
  failed(dialled: string, failure: FederatedError, tookMillis: number): boolean {
    // Several calls fail at once when a line breaks: the first one moves.
    if (dialled !== this.#current || this.#addresses.length === 1) return false;
    const next = this.#nextAfter(dialled, failure, tookMillis);
    if (next === dialled) return false;
    this.#current = next;
    return true;
  }

  #nextAfter(dialled: string, failure: FederatedError, tookMillis: number): string {
    const now = this.#clock.monotonicMillis();
    if (failure.detail.rule === 'coordinator.leader') {
      const named = this.#addresses.find((address) => address === failure.detail.leader);
      const brokenAt = named === undefined ? undefined : this.#broken.get(named)?.at;
      return named === undefined || (brokenAt !== undefined && now - brokenAt < believeMillis) ? dialled : named;
    }
    if (!nobodyAnswered(failure)) return dialled;
    const shun = tookMillis < atOnceMillis ? refusedMillis : shunMillis;
    this.#broken.set(dialled, { at: now, until: now + shun });
    const at = this.#addresses.indexOf(dialled);
    const inTurn = [...this.#addresses.slice(at + 1), ...this.#addresses.slice(0, at + 1)];
    const until = (address: string) => Math.max(now, this.#broken.get(address)?.until ?? now);
    // The first of those that may be dialled again soonest.
    return inTurn.reduce((best, address) => (until(address) < until(best) ? address : best));
  }
}
