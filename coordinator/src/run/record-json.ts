import { canonicalJson, fromBase64url, toBase64url, utf8Decode } from '@concordat/core';

/**
 * A journalled record as canonical JSON: byte strings become `{"bytes": base64url}`, everything else is JSON already.
 *
 * @param record data of plain objects, arrays, texts, numbers, booleans and byte strings.
 */
export function encodeRecord(record: object): Uint8Array {
  return canonicalJson(withoutBytes(record));
}

/** The inverse of `encodeRecord`. The caller knows the type by the event's kind. */
export function decodeRecord(body: Uint8Array): unknown {
  return withBytes(JSON.parse(utf8Decode(body)));
}

function withoutBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: toBase64url(value) };
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutBytes(member)]));
}

function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value);
  const [only] = members;
  if (members.length === 1 && only![0] === 'bytes' && typeof only![1] === 'string') return fromBase64url(only![1]);
  return Object.fromEntries(members.map(([key, member]) => [key, withBytes(member)]));
}
