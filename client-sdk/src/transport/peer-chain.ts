import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** Certificates looked at in the chain of a server nobody trusts yet. */
const chainMax = 8;

/** The certificates a server showed, leaf first. */
export function peerChain(socket: TLSSocket): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < chainMax) {
    chain.push(certificate);
    // A self-signed certificate is its own issuer.
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
