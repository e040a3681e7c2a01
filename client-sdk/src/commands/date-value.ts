import { InvalidArgumentError } from 'commander';

/** A day (its beginning, UTC) or a UTC time, as milliseconds since 1970. */
export function dateValue(text: string): number {
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text);
  const millis = isDate ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(millis)) return millis;
  throw new InvalidArgumentError('a day such as 2030-01-31, or a UTC time such as 2030-01-31T12:00:00Z');
}
