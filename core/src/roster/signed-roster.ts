import { toBase64url } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { isStrictEd25519Key } from '../crypto/strict-keys.js';
import { FederatedError } from '../errors.js';
import { signBody, verifyBody } from '../secagg/signing.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson, parseCanonical } from '../wire/canonical.js';
import type { Signed } from '../wire/messages.js';
import { bytesOf, decodeRoster, encodeRoster, id, integer, objectWith, type Roster } from './roster.js';

/** A roster document with the roster key's certificate by the consortium root. Both travel together. */
export interface SignedRoster {
  readonly document: Signed;
  readonly rosterKey: Signed;
}

/** A roster whose signatures were checked. */
export interface VerifiedRoster {
  readonly roster: Roster;
  /** SHA-256 of the document: what approvals and configurations name. */
  readonly hash: Uint8Array;
}

/** The root's word that a key may sign rosters for a while: 90 days usually. */
export interface RosterKeyCertificate {
  readonly consortium: string;
  /** Ed25519, 32 bytes. */
  readonly rosterKey: Uint8Array;
  /** Valid from (inclusive) to (exclusive), milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const certificateSchema = 'concordat/roster-key/1';

/** Certify a roster key. @param root signer of the consortium root. */
export function certifyRosterKey(crypto: CryptoPort, root: Signer, certificate: RosterKeyCertificate): Signed {
  const body = canonicalJson({
    schema: certificateSchema,
    ...certificate,
    rosterKey: toBase64url(certificate.rosterKey),
  });
  return signBody(crypto, root, 'concordat/roster-key', body);
}

/** @throws `malformed`; says nothing about the signature. */
export function decodeRosterKeyCertificate(body: Uint8Array): RosterKeyCertificate {
  const found = objectWith(parseCanonical(body, bounds.certificateBytesMax), [
    'schema',
    'consortium',
    'rosterKey',
    'notBefore',
    'notAfter',
  ]);
  if (found.schema !== certificateSchema) {
    throw new FederatedError('malformed', `a roster key certificate has the schema "${certificateSchema}"`);
  }
  const notBefore = integer(found.notBefore, 'notBefore', 0);
  return {
    consortium: id(found.consortium, 'consortium'),
    rosterKey: bytesOf(found.rosterKey, 'rosterKey', 32),
    notBefore,
    notAfter: integer(found.notAfter, 'notAfter', notBefore + 1),
  };
}

/** Sign a roster with a certified roster key. @throws `invalid-argument` when the roster is not well-formed. */
export function signRoster(crypto: CryptoPort, rosterKey: Signer, roster: Roster, certificate: Signed): SignedRoster {
  return { document: signBody(crypto, rosterKey, 'concordat/roster', encodeRoster(roster)), rosterKey: certificate };
}

/**
 * Check a roster from the wire: the root certified the roster key, for this consortium and this time; the roster key signed
 * the document. The time matters when an epoch is first accepted; an accepted epoch stays good when the certificate expires.
 *
 * @param trust.rootKey pinned from the invitation, never from the wire. @param trust.now milliseconds since 1970.
 * @throws `malformed`; `verification` when a signature is wrong, the certificate is of another consortium or not valid now.
 */
export function verifyRoster(
  crypto: CryptoPort,
  signed: SignedRoster,
  trust: { readonly rootKey: Uint8Array; readonly consortium: string; readonly now: number },
): VerifiedRoster {
  if (!verifyBody(crypto, trust.rootKey, 'concordat/roster-key', signed.rosterKey)) {
    throw new FederatedError('verification', 'the roster key is not certified by the consortium root', {
      fix: 'Compare the root fingerprint with the operator; if it differs, enrol again with a new invitation.',
    });
  }
  const certificate = decodeRosterKeyCertificate(signed.rosterKey.body);
  requireValid(certificate, trust);
  const known = isStrictEd25519Key(certificate.rosterKey);
  if (!known || !verifyBody(crypto, certificate.rosterKey, 'concordat/roster', signed.document)) {
    throw new FederatedError('verification', 'the roster is not signed by the certified roster key');
  }
  const roster = decodeRoster(signed.document.body);
  if (roster.consortium !== trust.consortium) throw ofAnother('roster', trust.consortium, roster.consortium);
  return { roster, hash: crypto.sha256(signed.document.body) };
}

function requireValid(
  certificate: RosterKeyCertificate,
  trust: { readonly consortium: string; readonly now: number },
): void {
  if (certificate.consortium !== trust.consortium) {
    throw ofAnother('roster key certificate', trust.consortium, certificate.consortium);
  }
  const { notBefore, notAfter } = certificate;
  if (notBefore <= trust.now && trust.now < notAfter) return;
  throw new FederatedError('verification', 'the roster key certificate is not valid now', {
    detail: { notBefore, notAfter, now: trust.now },
    fix:
      trust.now < notBefore
        ? 'Check the clock of this machine.'
        : 'The operator certifies a roster key with the root again.',
  });
}

function ofAnother(what: string, required: string, offered: string): FederatedError {
  return new FederatedError('verification', `the ${what} is of another consortium`, { detail: { required, offered } });
}
