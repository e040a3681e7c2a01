import { equalBytes, fromHex, toBase64url, toHex, utf8Decode, utf8Encode } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { isStrictEd25519Key } from '../crypto/strict-keys.js';
import { FederatedError } from '../errors.js';
import { signBody, verifyBody } from '../secagg/signing.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson, type JsonValue } from '../wire/canonical.js';
import { bytesOf, id, objectWith } from './roster.js';

/** What an operator hands to one organization, as a file. Whoever holds it can enrol once in that organization's name. */
export interface Invitation {
  /** host:port of the coordinator. */
  readonly address: string;
  readonly consortium: string;
  readonly participantId: string;
  readonly organization: string;
  /** 32 bytes, one-time. The coordinator keeps only its SHA-256. */
  readonly secret: Uint8Array;
  /** Ed25519 key of the consortium root, to pin. */
  readonly rootKey: Uint8Array;
  /** SHA-256 of the TLS authority's certificate (DER): the first connection is checked against it. */
  readonly tlsAuthoritySha256: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

const schema = 'concordat/invitation/1';
const fields = [
  'schema',
  'address',
  'consortium',
  'participantId',
  'organization',
  'secret',
  'rootKey',
  'tlsAuthoritySha256',
  'expires',
];

/** The invitation file: JSON with base64url keys, the authority's digest in hex, and `expires` as an RFC 3339 time. */
export function encodeInvitation(invitation: Invitation): Uint8Array {
  const { secret, rootKey, tlsAuthoritySha256, expires, ...rest } = invitation;
  const document = {
    schema,
    ...rest,
    secret: toBase64url(secret),
    rootKey: toBase64url(rootKey),
    tlsAuthoritySha256: toHex(tlsAuthoritySha256),
    expires: new Date(expires).toISOString(),
  };
  return utf8Encode(`${JSON.stringify(document, undefined, 2)}\n`);
}

/** @param bytes of the file; need not be canonical. @throws `malformed` naming the field, never its content. */
export function decodeInvitation(bytes: Uint8Array): Invitation {
  if (bytes.length > bounds.certificateBytesMax) throw malformed('file', `at most ${bounds.certificateBytesMax} bytes`);
  let document: JsonValue;
  try {
    document = JSON.parse(utf8Decode(bytes)) as JsonValue;
  } catch {
    // The cause is left out on purpose: it may quote the secret.
    throw malformed('file', 'JSON');
  }
  const found = objectWith(document, fields);
  if (found.schema !== schema) throw malformed('schema', `"${schema}"`);
  const rootKey = bytesOf(found.rootKey, 'rootKey', 32);
  if (!isStrictEd25519Key(rootKey)) throw malformed('rootKey', 'a canonical Ed25519 key');
  return {
    address: text(found.address, 'address', /^[^\s/,]{1,253}:\d{1,5}(,[^\s/,]{1,253}:\d{1,5}){0,7}$/),
    consortium: id(found.consortium, 'consortium'),
    participantId: id(found.participantId, 'participantId'),
    organization: text(found.organization, 'organization', /^[^\p{Cc}\p{Cf}]{1,128}$/u),
    secret: bytesOf(found.secret, 'secret', 32),
    rootKey,
    tlsAuthoritySha256: fromHex(text(found.tlsAuthoritySha256, 'tlsAuthoritySha256', /^[0-9a-f]{64}$/)),
    expires: time(found.expires),
  };
}

/** What an identity key signs to prove that it asks for this certificate, here, under this name. */
export interface EnrolmentClaim {
  readonly consortium: string;
  readonly participantId: string;
  /** PKCS #10, DER: its own signature proves the TLS key; this one ties it to the identity. */
  readonly certificateRequest: Uint8Array;
}

/** @returns the 64-byte signature that goes into `EnrollRequest.identity_proof`. */
export function proveEnrolment(crypto: CryptoPort, identity: Signer, claim: EnrolmentClaim): Uint8Array {
  return signBody(crypto, identity, 'concordat/enrolment', claimBody(crypto, claim)).signature;
}

/** Whether `proof` is this identity key's over this claim. Never throws. */
export function verifyEnrolment(
  crypto: CryptoPort,
  identityKey: Uint8Array,
  claim: EnrolmentClaim,
  proof: Uint8Array,
): boolean {
  if (!isStrictEd25519Key(identityKey)) return false;
  return verifyBody(crypto, identityKey, 'concordat/enrolment', { body: claimBody(crypto, claim), signature: proof });
}

/**
 * SHA-256 of an identity key, lower-case hex: what operator and participant compare by voice. The identity signs the
 * certificate request, so this one comparison covers both keys.
 */
export function identityFingerprint(crypto: CryptoPort, identityKey: Uint8Array): string {
  return toHex(crypto.sha256(identityKey));
}

/**
 * Whether what a person typed is this fingerprint: blanks and case are ignored, and the first 32 digits suffice.
 *
 * @param fingerprint 64 lower-case hexadecimal digits.
 */
export function sameFingerprint(fingerprint: string, typed: string): boolean {
  const digits = typed.replace(/[\s:-]/g, '').toLowerCase();
  if (!/^[0-9a-f]+$/.test(digits) || (digits.length !== 32 && digits.length !== 64)) return false;
  return equalBytes(utf8Encode(fingerprint.slice(0, digits.length)), utf8Encode(digits));
}

function claimBody(crypto: CryptoPort, claim: EnrolmentClaim): Uint8Array {
  const { consortium, participantId, certificateRequest } = claim;
  const request = toBase64url(crypto.sha256(certificateRequest));
  return canonicalJson({ schema: 'concordat/enrolment/1', consortium, participantId, certificateRequest: request });
}

function text(value: JsonValue | undefined, field: string, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw malformed(field, 'a text of its form');
}

function time(value: JsonValue | undefined): number {
  const millis = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isSafeInteger(millis) && millis > 0) return millis;
  throw malformed('expires', 'an RFC 3339 time');
}

function malformed(field: string, required: string): FederatedError {
  return new FederatedError('malformed', `not an invitation: ${field} must be ${required}`, {
    detail: { field, required },
    fix: 'Use the invitation file as the operator sent it, unchanged.',
  });
}
