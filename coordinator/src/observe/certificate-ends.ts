import { X509Certificate } from 'node:crypto';
import { decodeRosterKeyCertificate } from '@concordat/core';
import type { RosterKeeper } from '../roster-keeper.js';

/** A certificate that a coordinator shows, and what renews it. */
export interface CertificateEnd {
  /** As a sentence begins with it. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly endsMillis: number;
  /** Subcommand of `concordat coordinator`. */
  readonly renewal: string;
}

/** When the certificate that is shown in TLS runs out. @param certificatePem leaf first. */
export function tlsEnd(certificatePem: string): CertificateEnd {
  const endsMillis = Date.parse(new X509Certificate(certificatePem).validTo);
  return { name: "the coordinator's certificate", endsMillis, renewal: 'renew-certificate' };
}

/** When the root's word on the roster key runs out: then no participant accepts a roster, and no start is possible. */
export function rosterKeyEnd(roster: Pick<RosterKeeper, 'current'>): CertificateEnd {
  const { notAfter } = decodeRosterKeyCertificate(roster.current().signed.rosterKey.body);
  return { name: "the roster key's certificate", endsMillis: notAfter, renewal: 'renew-roster-key' };
}
