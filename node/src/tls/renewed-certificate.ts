import { X509Certificate } from 'node:crypto';
import { bounds, FederatedError } from '@concordat/core';
import { type CertificateSubject, certificatesToPem } from './certificates.js';
import { peerOf } from './peer.js';

/**
 * Check the chain that a coordinator sent for a request of ours.
 *
 * @param chain DER, leaf first; at most 4 certificates. @param expected whom the old certificate was for, and the pinned authority.
 * @returns the chain as PEM.
 * @throws `malformed` for something else; `verification` when it is for another subject or not of the authority.
 */
export function requireRenewedCertificate(
  chain: readonly Uint8Array[],
  expected: { readonly subject: CertificateSubject; readonly authorityPem: string },
): string {
  const [leaf] = chain;
  const lengths = chain.every(({ length }) => length > 0 && length <= bounds.certificateBytesMax);
  if (leaf === undefined || chain.length > 4 || !lengths) throw malformed(chain.length);
  let certificate: X509Certificate;
  let authority: X509Certificate;
  try {
    certificate = new X509Certificate(leaf);
    authority = new X509Certificate(expected.authorityPem);
  } catch {
    throw malformed(chain.length);
  }
  const subject = peerOf(certificate.toLegacyObject())?.subject;
  const { role, id } = expected.subject;
  const issued = certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  if (issued && subject?.role === role && subject.id === id) return certificatesToPem(...chain);
  throw new FederatedError('verification', `the coordinator sent no certificate of its consortium for ${role} ${id}`, {
    fix: 'Keep the old certificate, which nothing has replaced, and tell the operator.',
  });
}

function malformed(offered: number): FederatedError {
  return new FederatedError('malformed', 'the coordinator sent no certificate chain', {
    detail: { required: '1 to 4 certificates', offered },
  });
}
