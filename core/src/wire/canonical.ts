import { equalBytes, utf8Decode, utf8Encode } from '../bytes.js';
import { FederatedError } from '../errors.js';
import { bounds } from './bounds.js';

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Nesting of arrays and objects that a document may have; a plan needs six. */
const depthMax = 32;

/**
 * Canonical JSON (RFC 8785) as UTF-8: keys sorted by UTF-16 code units, numbers as ECMAScript prints them, no blanks.
 *
 * @param value null, booleans, finite numbers, strings, arrays and plain objects; members that are `undefined` are left out.
 * @throws `invalid-argument` for anything else: NaN, infinities, lone surrogates, dates, typed arrays, nesting above 32.
 */
export function canonicalJson(value: unknown): Uint8Array {
  return utf8Encode(print(value, 0));
}

function print(value: unknown, depth: number): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'string') return printString(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value === 0 ? 0 : value);
  if (typeof value !== 'object' || depth >= depthMax) throw notJson(value);
  if (Array.isArray(value)) return `[${value.map((item) => print(item, depth + 1)).join(',')}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notJson(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${printString(key)}:${print(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function printString(text: string): string {
  // JSON.stringify would escape a lone surrogate; RFC 8785 §3.2.2.2 demands an error.
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)) {
    throw new FederatedError('invalid-argument', 'text with a lone surrogate has no canonical JSON');
  }
  return JSON.stringify(text);
}

function notJson(value: unknown): FederatedError {
  const found = typeof value === 'number' ? String(value) : typeof value;
  return new FederatedError('invalid-argument', `${found} has no canonical JSON here`, {
    detail: { required: 'null, boolean, finite number, string, array, plain object', nestingMax: depthMax },
  });
}

/**
 * The value of canonical JSON bytes. Strict: only the very bytes that {@link canonicalJson} gives back are accepted,
 * so duplicate keys, blanks and second spellings of one document do not exist.
 *
 * @param bytesMax longest document to look at, bytes.
 * @throws `malformed` otherwise.
 */
export function parseCanonical(bytes: Uint8Array, bytesMax: number = bounds.planBytesMax): JsonValue {
  if (bytes.length > bytesMax) {
    throw new FederatedError('malformed', 'document too long', {
      detail: { required: bytesMax, offered: bytes.length },
    });
  }
  const text = utf8Decode(bytes);
  refuseDeepNesting(text);
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FederatedError('malformed', 'not JSON', { cause });
  }
  if (!equalBytes(canonicalAgain(value), bytes)) {
    throw new FederatedError('malformed', 'JSON that is not canonical (RFC 8785)', {
      fix: 'Write the document with canonicalJson.',
    });
  }
  return value;
}

// A number such as 1e999 or an escaped lone surrogate parses but cannot be printed: that is malformed, not our caller's fault.
function canonicalAgain(value: JsonValue): Uint8Array {
  try {
    return canonicalJson(value);
  } catch (cause) {
    throw new FederatedError('malformed', 'JSON without a canonical form', { cause });
  }
}

function refuseDeepNesting(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > depthMax) {
      throw new FederatedError('malformed', 'document nested too deeply', { detail: { required: depthMax } });
    }
  }
}
