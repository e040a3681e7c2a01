import { requireBytes, requireStreamRange } from './arguments.js';
import type { CryptoPort, Keystream } from './port.js';

/** `openKeystream` in terms of `keystream`: for a port whose cipher has no state worth keeping between two pieces. */
export function sequentialKeystream(keystream: CryptoPort['keystream']): CryptoPort['openKeystream'] {
  return (key, fromByte): Keystream => {
    requireBytes('keystream key', key, 32);
    requireStreamRange(fromByte, 0);
    let at = fromByte;
    return {
      next(length) {
        const piece = keystream(key, at, length);
        at += length;
        return piece;
      },
    };
  };
}
