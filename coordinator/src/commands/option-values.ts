import { fromHex, isId } from '@concordat/core';
import { InvalidArgumentError } from 'commander';

/** An id, as core knows them. @throws InvalidArgumentError. */
export function idValue(text: string): string {
  if (isId(text)) return text;
  throw new InvalidArgumentError('1 to 63 of a–z, 0–9 and hyphen, not starting with a hyphen');
}

/** Decimal digits from `min` to `max`, as typed. @throws InvalidArgumentError. */
export function wholeNumberValue(min: number, max: number): (text: string) => string {
  return (text) => {
    if (/^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max) return text;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
  };
}

/** A plan's digest as `plan propose` prints it. @throws InvalidArgumentError. */
export function planHashValue(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text);
  throw new InvalidArgumentError('64 hexadecimal digits, as plan propose prints them');
}
