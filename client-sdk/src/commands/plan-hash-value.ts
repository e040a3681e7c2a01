import { fromHex } from '@concordat/core';
import { InvalidArgumentError } from 'commander';

/** The hash of a plan, as `plan propose` and the client print it. */
export function planHashValue(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text);
  throw new InvalidArgumentError('64 hexadecimal digits');
}
