import { FederatedError } from './errors.js';

/** One new array with the bytes of all `parts` in order. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether `a` and `b` hold the same bytes, in a time that depends on their lengths only. Lengths are not secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Lower-case hexadecimal, two characters a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/**
 * Bytes of a lower-case hexadecimal text.
 *
 * @throws `malformed` for an odd length, upper case or any other character: one value has one text.
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new FederatedError('malformed', 'not lower-case hexadecimal', { detail: { characters: text.length } });
  }
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const base64urlAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const characters = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < characters; k++) text += base64urlAlphabet[(group >> (18 - 6 * k)) & 63]!;
  }
  return text;
}

/**
 * Bytes of an unpadded base64url text.
 *
 * @throws `malformed` for a foreign character, an impossible length or stray bits at the end: one value has one text.
 */
export function fromBase64url(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = base64urlAlphabet.indexOf(character);
    if (value < 0) throw notBase64url(text);
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[at++] = (bits >> held) & 0xff;
    }
  }
  if (text.length % 4 === 1 || (bits & ((1 << held) - 1)) !== 0) throw notBase64url(text);
  return out;
}

function notBase64url(text: string): FederatedError {
  return new FederatedError('malformed', 'not unpadded base64url', { detail: { characters: text.length } });
}

/** UTF-8 without a byte order mark. @throws `invalid-argument` for a lone surrogate, which has no UTF-8. */
export function utf8Encode(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    let point = text.charCodeAt(i);
    if (point >= 0xd800 && point <= 0xdfff) {
      point = text.codePointAt(i)!;
      if (point < 0x10000) throw new FederatedError('invalid-argument', 'text with a lone surrogate');
      i++;
    }
    if (point < 0x80) {
      out[at++] = point;
    } else if (point < 0x800) {
      out[at++] = 0xc0 | (point >> 6);
      out[at++] = 0x80 | (point & 63);
    } else if (point < 0x10000) {
      out[at++] = 0xe0 | (point >> 12);
      out[at++] = 0x80 | ((point >> 6) & 63);
      out[at++] = 0x80 | (point & 63);
    } else {
      out[at++] = 0xf0 | (point >> 18);
      out[at++] = 0x80 | ((point >> 12) & 63);
      out[at++] = 0x80 | ((point >> 6) & 63);
      out[at++] = 0x80 | (point & 63);
    }
  }
  return out.slice(0, at);
}

/** Text of strict UTF-8. @throws `malformed` for overlong forms, surrogates, stray or missing bytes. */
export function utf8Decode(bytes: Uint8Array): string {
  let text = '';
  let i = 0;
  while (i < bytes.length) {
    const first = bytes[i]!;
    const extra = first < 0x80 ? 0 : first >> 5 === 6 ? 1 : first >> 4 === 14 ? 2 : first >> 3 === 30 ? 3 : -1;
    if (extra < 0 || i + extra >= bytes.length) throw notUtf8(i);
    let point = extra === 0 ? first : first & (0x3f >> extra);
    for (let k = 1; k <= extra; k++) {
      const next = bytes[i + k]!;
      if (next >> 6 !== 2) throw notUtf8(i);
      point = (point << 6) | (next & 63);
    }
    const smallest = [0, 0x80, 0x800, 0x10000][extra]!;
    if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw notUtf8(i);
    text += String.fromCodePoint(point);
    i += extra + 1;
  }
  return text;
}

function notUtf8(at: number): FederatedError {
  return new FederatedError('malformed', 'not UTF-8', { detail: { atByte: at } });
}

/** Two bytes, big-endian. @param value integer, 0 to 65,535; otherwise `invalid-argument`. */
export function u16(value: number): Uint8Array {
  requireUnsigned(value, 0xffff);
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** Four bytes, big-endian. @param value integer, 0 to 2³² − 1; otherwise `invalid-argument`. */
export function u32(value: number): Uint8Array {
  requireUnsigned(value, 0xffffffff);
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** Big-endian u16 at `offset`. @throws `malformed` past the end. */
export function readU16(bytes: Uint8Array, offset = 0): number {
  if (offset < 0 || offset + 2 > bytes.length) throw tooShort(bytes, offset + 2);
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** Big-endian u32 at `offset`. @throws `malformed` past the end. */
export function readU32(bytes: Uint8Array, offset = 0): number {
  if (offset < 0 || offset + 4 > bytes.length) throw tooShort(bytes, offset + 4);
  return readU16(bytes, offset) * 0x10000 + readU16(bytes, offset + 2);
}

function requireUnsigned(value: number, largest: number): void {
  if (!Number.isInteger(value) || value < 0 || value > largest) {
    throw new FederatedError('invalid-argument', `not an integer from 0 to ${largest}`, { detail: { value } });
  }
}

function tooShort(bytes: Uint8Array, required: number): FederatedError {
  return new FederatedError('malformed', 'bytes end too early', { detail: { required, offered: bytes.length } });
}

/**
 * The same bytes, in one block behind one another: [n] views. An array of its own costs some 180 bytes beside what it holds, and one block
 * for thousands of hashes that live and die together nothing. The block lives as long as any of them.
 */
export function inOneBlock(arrays: readonly Uint8Array[]): Uint8Array[] {
  const block = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  return arrays.map((array) => {
    block.set(array, at);
    at += array.length;
    return block.subarray(at - array.length, at);
  });
}
