import type { CryptoPort } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';

/** Primitives with which a machine commits to another secret than it shares. */
export function otherCommitment(): CryptoPort {
  const tag = Buffer.from('CSA1/self-secret');
  const isCommitment = (parts: readonly Uint8Array[]) => Buffer.concat(parts).subarray(0, tag.length).equals(tag);
  return {
    ...nodeCrypto,
    sha256: (...parts) => (isCommitment(parts) ? new Uint8Array(32).fill(9) : nodeCrypto.sha256(...parts)),
  };
}
