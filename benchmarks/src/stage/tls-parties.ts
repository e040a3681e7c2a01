import {
  type CertifiedKey,
  certificateFromPem,
  certificatesToPem,
  createCertificateRequest,
  createTlsAuthority,
  fingerprintOf,
  issueClientCertificate,
  issueServerCertificate,
} from '@concordat/node';
import { consortiumName } from './terms.js';

/** Who measures. */
export const callerName = 'p1';

/** The certificates of both ends of a line, as a coordinator and an enrolled participant have them. */
export interface TlsParties {
  readonly authorityPem: string;
  readonly authoritySha256: string;
  readonly server: CertifiedKey;
  readonly client: CertifiedKey;
}

export async function makeParties(): Promise<TlsParties> {
  const now = Date.now();
  const authority = await createTlsAuthority({ consortium: consortiumName, now });
  const server = await issueServerCertificate(authority, { names: ['localhost', '127.0.0.1'], now });
  const { request, privateKeyPem } = await createCertificateRequest();
  const issued = await issueClientCertificate(authority, request, {
    subject: { role: 'participant', id: callerName },
    now,
  });
  return {
    authorityPem: authority.certificatePem,
    authoritySha256: fingerprintOf(certificateFromPem(authority.certificatePem)),
    server,
    client: { certificatePem: certificatesToPem(issued), privateKeyPem },
  };
}
