/** So many at once, then so many a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  tokens: number;
  atMillis: number;
}

/** Buckets that are full say nothing and are dropped; of the others so many are kept, the oldest go first. */
const bucketsMax = 8_192;

/** Token buckets, one for each name. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();

  /** @returns 0 when a token was taken; else the milliseconds until there is one. */
  take(name: string, { burst, perSecond }: Rate, nowMillis: number): number {
    const bucket = this.#buckets.get(name) ?? { tokens: burst, atMillis: nowMillis };
    const tokens = Math.min(burst, bucket.tokens + ((nowMillis - bucket.atMillis) / 1000) * perSecond);
    const isTaken = tokens >= 1;
    // Deleted and set: the order of the map is the order of use.
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: isTaken ? tokens - 1 : tokens, atMillis: nowMillis });
    if (this.#buckets.size > bucketsMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    return isTaken ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000);
  }
}
