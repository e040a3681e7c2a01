import { X509Certificate } from 'node:crypto';
import { issueServerCertificate, readKeyPair, renewKeyPair } from '@concordat/node';
import { readAuthority, renewServer, serverPair } from '../consortium-directory.js';

export interface ServerRenewal {
  /** The consortium's directory, with `coordinator/` in it. */
  readonly directory: string;
  /** DNS names and IP addresses instead of those of the old certificate. */
  readonly names?: readonly string[];
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** What the coordinator shows from now on. */
export interface RenewedCertificate {
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/**
 * A new key and certificate for the coordinator, by the TLS authority of its consortium. A running coordinator takes them by itself.
 *
 * @throws `invalid-argument` for the directory or a name; `permission` when others can read a key.
 */
export async function renewServerCertificate(renewal: ServerRenewal): Promise<RenewedCertificate> {
  const { directory, wallMillis = Date.now } = renewal;
  const paths = serverPair(directory);
  const authority = await readAuthority(directory);
  const names = renewal.names ?? namesOf((await readKeyPair(paths, renewServer)).certificatePem);
  const made = await issueServerCertificate(authority, { names, now: wallMillis() });
  const certify = async () => made.certificatePem + authority.certificatePem;
  await renewKeyPair(paths, { privateKeyPem: made.privateKeyPem, certify }, renewServer);
  return { names, expires: Date.parse(new X509Certificate(made.certificatePem).validTo) };
}

/** The DNS names and IP addresses of a server certificate that this software issued. */
function namesOf(certificatePem: string): string[] {
  const { subjectAltName = '' } = new X509Certificate(certificatePem);
  return subjectAltName.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
}
