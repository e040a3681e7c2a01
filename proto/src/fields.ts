import { bounds, FederatedError, isId } from '@concordat/core';

// Checks of single decoded fields. Each returns the value, narrowed, or throws `malformed` naming the field, never its content.

/** A plain copy of exactly `length` bytes: a view would keep the whole received message alive. */
export function fixedBytes(value: Uint8Array | undefined | null, length: number, field: string): Uint8Array {
  if (value?.length !== length) throw outside(field, `${length} bytes`, value?.length ?? 0);
  return new Uint8Array(value);
}

/** SHA-256 digests, keys, nonces: 32 bytes. */
export function hashBytes(value: Uint8Array | undefined | null, field: string): Uint8Array {
  return fixedBytes(value, 32, field);
}

/** A plain copy of at least `least` and at most `most` bytes. */
export function someBytes(
  value: Uint8Array | undefined | null,
  least: number,
  most: number,
  field: string,
): Uint8Array {
  const length = value?.length ?? 0;
  if (length < least || length > most) throw outside(field, `${least} to ${most} bytes`, length);
  return new Uint8Array(value ?? []);
}

/** One bit per cohort member: 1 to 32 bytes. */
export function bitmapBytes(value: Uint8Array | undefined | null, field: string): Uint8Array {
  return someBytes(value, 1, bounds.cohortMax / 8, field);
}

export function integer(value: number | undefined | null, least: number, most: number, field: string): number {
  if (!Number.isSafeInteger(value) || value! < least || value! > most) {
    throw outside(field, `an integer from ${least} to ${most}`, value ?? 0);
  }
  return value!;
}

/** A position in the cohort. */
export function cohortIndex(value: number | undefined | null, field: string): number {
  return integer(value, 0, bounds.cohortMax - 1, field);
}

/** A position among the secure groups of a round. */
export function groupIndex(value: number | undefined | null, field: string): number {
  return integer(value, 0, bounds.groupsMax - 1, field);
}

export function roundNumber(value: number | undefined | null, field: string): number {
  return integer(value, 1, bounds.roundsMax, field);
}

export function positive(value: number | undefined | null, field: string): number {
  if (!Number.isFinite(value) || value! <= 0) throw outside(field, 'a finite number above 0', value ?? 0);
  return value!;
}

export function id(value: string | undefined | null, field: string): string {
  if (typeof value !== 'string' || !isId(value)) throw outside(field, 'an id', value?.length ?? 0);
  return value;
}

/** A short machine word such as a step, code or rule: printable ASCII without blanks, at most 63 characters. */
export function word(value: string | undefined | null, field: string): string {
  if (typeof value !== 'string' || !/^[!-~]{0,63}$/.test(value)) throw outside(field, 'a word', value?.length ?? 0);
  return value;
}

/** The dotted name of a rule. */
export function ruleName(value: string | undefined | null, field: string): string {
  if (typeof value !== 'string' || !/^[a-z][a-zA-Z.-]{0,62}$/.test(value))
    throw outside(field, 'a rule', value?.length ?? 0);
  return value;
}

export function text(value: string | undefined | null, field: string): string {
  if (typeof value !== 'string' || value.length > bounds.textCharactersMax) {
    throw outside(field, `at most ${bounds.textCharactersMax} characters`, value?.length ?? 0);
  }
  return value;
}

export function oneOf<const Value>(value: unknown, allowed: readonly Value[], field: string): Value {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  const offered = typeof value === 'number' ? value : String(value).slice(0, bounds.idCharactersMax);
  throw outside(field, `one of ${allowed.join(', ')}`, offered);
}

/** The items, at least `least` and at most `most` of them. */
export function list<Item>(
  value: readonly Item[] | undefined | null,
  least: number,
  most: number,
  field: string,
): readonly Item[] {
  const items = value ?? [];
  if (items.length < least || items.length > most) throw outside(field, `${least} to ${most} items`, items.length);
  return items;
}

/** A submessage that must be there. */
export function present<Value>(value: Value | undefined | null, field: string): Value {
  if (value === undefined || value === null) throw outside(field, 'present', 0);
  return value;
}

function outside(field: string, required: string, offered: string | number): FederatedError {
  return new FederatedError('malformed', `${field} must be ${required}`, {
    detail: {
      field,
      required,
      offered: typeof offered === 'string' || Number.isFinite(offered) ? offered : 'not finite',
    },
  });
}
