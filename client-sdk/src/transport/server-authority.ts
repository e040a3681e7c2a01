import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { bounds, type CryptoPort, equalBytes, FederatedError, refusal, toHex } from '@concordat/core';
import { certificatesToPem } from '@concordat/node';
import { splitAddress } from './credentials.js';

/** Certificates of a chain that are looked at. */
const chainMax = 8;

/**
 * The TLS authority of a coordinator, at the first contact: nothing is sent; the chain that the server shows is compared
 * with the digest in the invitation. No trust on first use.
 *
 * @returns PEM of the authority's certificate; every later connection is checked against it.
 * @throws `unavailable` when nobody answers; `refused` `server.authority` when the chain does not end in that authority.
 */
export async function fetchAuthority(
  crypto: CryptoPort,
  address: string,
  expectedSha256: Uint8Array,
): Promise<string> {
  const chain = await shownChain(address);
  const authority = chain.find((der) => equalBytes(crypto.sha256(der), expectedSha256));
  if (authority !== undefined && issued(authority, chain[0]!)) return certificatesToPem(authority);
  const last = chain.at(-1);
  throw refusal('server.authority', `the server at ${address} is not certified by the authority of the invitation`, {
    required: toHex(expectedSha256),
    offered: last === undefined ? 'no certificate' : toHex(crypto.sha256(last)),
    fix: 'Check the address and ask the operator for the digest of the TLS authority; somebody may be in between.',
  });
}

function issued(authority: Uint8Array, leaf: Uint8Array): boolean {
  try {
    const issuer = new X509Certificate(authority);
    const certificate = new X509Certificate(leaf);
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function shownChain(address: string): Promise<Uint8Array[]> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.3',
      // The chain is judged by the caller, against the invitation; this connection carries nothing.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    socket.setTimeout(bounds.handshakeMillis, () => socket.destroy(new Error('no answer to the handshake')));
    socket.once('secureConnect', () => {
      const chain = chainOf(socket.getPeerCertificate(true));
      socket.destroy();
      resolve(chain);
    });
    socket.once('error', (cause) =>
      reject(
        new FederatedError('unavailable', `no coordinator answers at ${address}: ${cause.message}`, {
          cause,
          detail: { address },
          fix: 'Check the address and that this machine may open outbound connections to it.',
        }),
      ),
    );
  });
}

function chainOf(leaf: DetailedPeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: DetailedPeerCertificate | undefined = leaf;
  while (certificate?.raw !== undefined && chain.length < chainMax) {
    chain.push(new Uint8Array(certificate.raw));
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate;
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}
