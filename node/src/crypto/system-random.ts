import { randomFillSync } from 'node:crypto';
import { FederatedError, type Random } from '@concordat/core';

/** The operating system's CSPRNG. */
export const systemRandom: Random = {
  bytes(length) {
    if (!Number.isInteger(length) || length < 0 || length > 65_536) {
      throw new FederatedError('invalid-argument', 'random bytes come 0 to 65,536 at a time', { detail: { length } });
    }
    return randomFillSync(new Uint8Array(length));
  },
};
