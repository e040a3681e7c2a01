import { type CryptoPort, sequentialKeystream } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';

/** The node:crypto port with another keystream, however it is read. */
export function withKeystream(keystream: CryptoPort['keystream']): CryptoPort {
  return { ...nodeCrypto, keystream, openKeystream: sequentialKeystream(keystream) };
}
