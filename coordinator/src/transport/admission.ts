import { FederatedError } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { type Rate, TokenBuckets } from './token-buckets.js';

/** How much a coordinator takes on at a time. */
export interface AdmissionLimits {
  /** Of one participant, or one address that shows no certificate; four times as many at once. */
  readonly callsPerSecond: number;
  /** What calls under way may hold, in bytes. */
  readonly bytesInFlight: number;
  /** Calls that wait for others to end. */
  readonly queue: number;
}

export const defaultAdmission: AdmissionLimits = { callsPerSecond: 100, bytesInFlight: 256 * 1024 * 1024, queue: 256 };

/** What a call may hold before it was read: the window of a waiting stream, twice for what is being decoded. */
const transferBytes = 256 * 1024;
const callBytes = 64 * 1024;
const queueMillis = 5_000;
/** Of one caller, beside its reserved calls: more wait like everybody else's. */
const callsPerCallerMax = 64;

/**
 * Without these a round does not go on and its participants are taken for lost. They pass while others are refused, at a rate of their own.
 */
const reserved: ReadonlySet<string> = new Set([
  ...['CheckIn', 'Answer', 'Ready', 'Advertise', 'Share', 'Confirm', 'Certify', 'Reveal', 'Abort'].map(
    (name) => `/concordat.v1.Rounds/${name}`,
  ),
  '/concordat.v1.Health/Check',
  '/grpc.health.v1.Health/Check',
]);

/** Methods that cost more than a call does: a signature to check, a journal to read, an answer to sign. */
const quotas: Readonly<Record<string, Rate>> = {
  '/concordat.v1.Rounds/CheckIn': { burst: 30, perSecond: 3 },
  '/concordat.v1.Rounds/Receipts': { burst: 100, perSecond: 10 },
  '/concordat.v1.Membership/Enroll': { burst: 100, perSecond: 5 },
  '/concordat.v1.Membership/Enrollment': { burst: 200, perSecond: 20 },
  '/concordat.v1.Membership/Renew': { burst: 10, perSecond: 0.1 },
  '/concordat.v1.Runs/Explain': { burst: 30, perSecond: 2 },
  '/concordat.v1.Runs/Journal': { burst: 30, perSecond: 2 },
};

export interface AdmissionOptions {
  readonly limits?: AdmissionLimits | undefined;
  readonly clock: Pick<Clock, 'monotonicMillis' | 'after'>;
  /** Methods that move models and vectors. */
  readonly transfers: ReadonlySet<string>;
}

/** A call that asks to be let in. */
export interface Arrival {
  /** Full path. */
  readonly method: string;
  /** Role and id; for strangers their address. */
  readonly who: string;
}

interface Waiting {
  readonly arrival: Arrival;
  readonly enter: () => void;
}

/**
 * Whether a call is let in now, later or not: a rate for each caller, a quota for each costly method, bytes that calls under way may hold,
 * and a bounded queue. Whoever is refused is told when to come back.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #options: AdmissionOptions;
  readonly #buckets = new TokenBuckets();
  readonly #calls = new Map<string, number>();
  #bytes = 0;
  readonly #waiting: Waiting[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultAdmission;
  }

  /** @returns why a call is refused by its rate or quota; undefined when it is not. */
  refuse({ method, who }: Arrival): FederatedError | undefined {
    const { callsPerSecond } = this.#limits;
    const now = this.#options.clock.monotonicMillis();
    const lane = reserved.has(method) ? 'reserved' : 'other';
    const rate = { burst: 4 * callsPerSecond, perSecond: callsPerSecond };
    const quota = Object.hasOwn(quotas, method) ? quotas[method] : undefined;
    const wait = this.#buckets.take(`${lane} ${who}`, rate, now);
    if (wait > 0) return busy('you call too often', wait);
    const quotaWait = quota === undefined ? 0 : this.#buckets.take(`${method} ${who}`, quota, now);
    return quotaWait === 0 ? undefined : busy('you call this method too often', quotaWait);
  }

  /**
   * Wait until there is room for the call; reserved ones never wait.
   *
   * @param over whether the caller is gone meanwhile.
   * @returns gives the room back, once.
   * @throws `unavailable` with `retryAfterMillis` when the queue is full, or nothing became free in time.
   */
  async enter(arrival: Arrival, over: AbortSignal): Promise<() => void> {
    if (reserved.has(arrival.method)) return () => undefined;
    // Who waits for bytes is served first; who waits for its own calls to end holds nobody else up.
    const isAhead = this.#waiting.some((one) => this.#isBelowItsOwn(one.arrival));
    return isAhead || !this.#fits(arrival) ? this.#queue(arrival, over) : this.#take(arrival);
  }

  #fits(arrival: Arrival): boolean {
    const isRoom = this.#bytes + this.#bytesOf(arrival) <= this.#limits.bytesInFlight;
    return isRoom && this.#isBelowItsOwn(arrival);
  }

  #isBelowItsOwn({ who }: Arrival): boolean {
    return (this.#calls.get(who) ?? 0) < callsPerCallerMax;
  }

  #queue(arrival: Arrival, over: AbortSignal): Promise<() => void> {
    if (this.#waiting.length >= this.#limits.queue) throw busy('the coordinator is busy', queueMillis);
    return new Promise((resolve, reject) => {
      const leave = (how: () => void) => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        cancel();
        over.removeEventListener('abort', gone);
        how();
      };
      const waiting = { arrival, enter: () => leave(() => resolve(this.#take(arrival))) };
      const gone = () => leave(() => reject(busy('the caller is gone', queueMillis)));
      const cancel = this.#options.clock.after(queueMillis, () =>
        leave(() => reject(busy('the coordinator is busy', queueMillis))),
      );
      over.addEventListener('abort', gone, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #take(arrival: Arrival): () => void {
    const { who } = arrival;
    const bytes = this.#bytesOf(arrival);
    this.#bytes += bytes;
    this.#calls.set(who, (this.#calls.get(who) ?? 0) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#bytes -= bytes;
      const left = this.#calls.get(who)! - 1;
      if (left === 0) this.#calls.delete(who);
      else this.#calls.set(who, left);
      this.#next();
    };
  }

  #next(): void {
    for (const { arrival, enter } of [...this.#waiting]) {
      if (!this.#isBelowItsOwn(arrival)) continue;
      if (!this.#fits(arrival)) return;
      enter();
    }
  }

  #bytesOf({ method }: Arrival): number {
    return this.#options.transfers.has(method) ? transferBytes : callBytes;
  }
}

function busy(why: string, retryAfterMillis: number): FederatedError {
  return new FederatedError('unavailable', `${why}: come back in ${retryAfterMillis} ms`, {
    detail: { rule: 'overload', retryAfterMillis },
  });
}
