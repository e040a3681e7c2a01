import type { CryptoPort } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';

/** Primitives with which a machine commits to another secret than it shares. */
export function otherCommitment(): CryptoPort {
  const tag = Buffer.from('CSA1/self-secret');
  return {
    ...nodeCrypto,
    sha256: (...parts) => (tag.equals(parts[0]!) ? new Uint8Array(32).fill(9) : nodeCrypto.sha256(...parts)),
  };
}
