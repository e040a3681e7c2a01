import type { CryptoPort } from '@concordat/core';
import type { Garbage } from './garbage.js';

/** The same primitives, with every piece of a keystream counted: each is new memory, and of no use when it was added. */
export function countedKeystreams(crypto: CryptoPort, garbage: Garbage): CryptoPort {
  return {
    ...crypto,
    openKeystream(key, fromByte) {
      const stream = crypto.openKeystream(key, fromByte);
      return {
        next(length) {
          garbage.made(length);
          return stream.next(length);
        },
      };
    },
  };
}
