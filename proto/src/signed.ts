import { bounds, type Signed, type SignedRoster } from '@concordat/core';
import * as field from './fields.js';
import type * as wire from './generated/index.js';

/**
 * A signed body from the wire: copies, the signature 64 bytes.
 *
 * @param bodyBytesMax longest body; control messages unless said. @throws `malformed` otherwise, or when it is absent.
 */
export function signedFromWire(
  value: wire.SignedBody__Output | null | undefined,
  bodyBytesMax: number = bounds.controlMessageBytesMax,
): Signed {
  const signed = field.present(value, 'signed body');
  return {
    body: field.someBytes(signed.body, 1, bodyBytesMax, 'body'),
    signature: field.fixedBytes(signed.signature, 64, 'signature'),
  };
}

/** The wire's word for a roster with its key's certificate: core's own. */
export type SignedRosterFrame = SignedRoster;

/** @throws `malformed` when a part is absent or out of bounds. */
export function signedRosterFromWire(value: wire.SignedRoster__Output | null | undefined): SignedRosterFrame {
  const roster = field.present(value, 'roster');
  return {
    document: signedFromWire(roster.document, bounds.rosterBytesMax),
    rosterKey: signedFromWire(roster.rosterKey, bounds.certificateBytesMax),
  };
}
