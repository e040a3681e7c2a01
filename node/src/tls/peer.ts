import type { PeerCertificate } from 'node:tls';
import { isId } from '@concordat/core';
import type { CertificateSubject } from './certificates.js';
import { fingerprintOf } from './fingerprint.js';

/** Who is at the other end, from a certificate that TLS has verified against our authority. */
export interface Peer {
  readonly subject: CertificateSubject;
  /** SHA-256 of the certificate, lower-case hexadecimal: the roster entry may pin it. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A connection has one certificate object, and each of its calls asks several times who it is. */
const peers = new WeakMap<PeerCertificate, Peer>();

/**
 * Read a verified client certificate. Its one name is `URI:concordat:<role>:<id>`; the whole text must match, so that no
 * second name can hide in it.
 *
 * @returns undefined for any other certificate.
 */
export function peerOf(certificate: PeerCertificate | undefined): Peer | undefined {
  if (certificate?.raw === undefined) return undefined;
  const known = peers.get(certificate);
  if (known !== undefined) return known;
  const match = /^URI:concordat:(participant|operator):([a-z0-9-]+)$/.exec(certificate.subjectaltname ?? '');
  if (match === null || !isId(match[2]!) || certificate.subject.CN !== match[2]) return undefined;
  const peer: Peer = {
    subject: { role: match[1] as CertificateSubject['role'], id: match[2]! },
    fingerprint: fingerprintOf(certificate.raw),
    notBefore: Date.parse(certificate.valid_from),
    notAfter: Date.parse(certificate.valid_to),
  };
  peers.set(certificate, peer);
  return peer;
}
