import { type CryptoPort, FederatedError, portableCrypto } from '@concordat/core';
import { loadSodiumCurves, nodeCrypto, openSslCrypto } from '@concordat/node';

/** The implementations of the port that are here: every claim about the port is made of each. */
export const ports: readonly { readonly name: string; readonly crypto: CryptoPort }[] = [
  { name: 'node:crypto', crypto: openSslCrypto },
  ...(loadSodiumCurves() === undefined
    ? []
    : [{ name: 'node:crypto with the curves of libsodium', crypto: nodeCrypto }]),
  { name: 'the portable twin', crypto: portableCrypto },
];

/** What one call came to: the bytes or the verdict, or all that a caller sees of the error. */
export function outcomeOf(work: () => unknown): unknown {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof FederatedError)) return { foreign: String(error) };
    const { code, message, detail, fix } = error;
    return { code, message, detail, fix };
  }
}

/** The bytes from `from` to `to`, both inclusive, one of each. */
export const range = (from: number, to: number): Uint8Array =>
  Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i);
