const windowBytes = 16;
const filterBits = 26;

/** Every 16-byte window, at every offset, of some secret bytes; finds them again in other bytes. */
export class Windows {
  readonly #filter = new Uint8Array(1 << (filterBits - 3));
  readonly #exact = new Set<string>();

  add(secret: Uint8Array): void {
    const bytes = Buffer.from(secret.buffer, secret.byteOffset, secret.length);
    for (let at = 0; at + windowBytes <= bytes.length; at++) {
      const bit = hash(bytes, at);
      this.#filter[bit >>> 3]! |= 1 << (bit & 7);
      this.#exact.add(bytes.toString('latin1', at, at + windowBytes));
    }
  }

  get size(): number {
    return this.#exact.size;
  }

  /** How many positions of `haystack` begin with one of the windows. */
  countIn(haystack: Buffer): number {
    let found = 0;
    for (let at = 0; at + windowBytes <= haystack.length; at++) {
      const bit = hash(haystack, at);
      if ((this.#filter[bit >>> 3]! & (1 << (bit & 7))) === 0) continue;
      if (this.#exact.has(haystack.toString('latin1', at, at + windowBytes))) found++;
    }
    return found;
  }
}

/** A cheap first look, so that the set of strings is asked rarely. */
function hash(bytes: Buffer, at: number): number {
  const mixed =
    Math.imul(bytes.readUInt32LE(at), 0x9e3779b1) ^
    Math.imul(bytes.readUInt32LE(at + 5), 0x85ebca6b) ^
    Math.imul(bytes.readUInt32LE(at + 12), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) >>> (32 - filterBits);
}
