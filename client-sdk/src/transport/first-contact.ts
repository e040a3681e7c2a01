import { isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { FederatedError, refusal } from '@concordat/core';
import { certificatesToPem, fingerprintOf } from '@concordat/node';
import { isStopped, stopped } from './failures.js';
import { peerChain } from './peer-chain.js';
import { dialThrough } from './proxied-dial.js';
import { proxiedTransport, proxyOfEnvironment } from './proxy.js';
import { openServices, type Services } from './services.js';

const handshakeMillis = 10_000;

/** A connection without a client certificate to a server whose authority was checked: for enrolment only. */
export interface FirstContact {
  /** The TLS authority the invitation pinned, PEM. */
  readonly authorityPem: string;
  readonly membership: Services['membership'];
  /** host:port that answered. */
  readonly address: string;
  close(): void;
}

export interface FirstContactOptions {
  /** host:port. */
  readonly address: string;
  /** SHA-256 of the authority's certificate (DER), lower-case hexadecimal. */
  readonly tlsAuthoritySha256: string;
  readonly correlationId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The proxy that the line goes through; the environment's unless said. */
  readonly proxy?: URL | undefined;
}

/**
 * Dial a coordinator for the first time. A bare handshake brings its chain; the certificate in it with the pinned digest
 * becomes the only authority of the real connection, which then verifies server, name and validity as always. Nothing, and
 * no secret, is sent before.
 *
 * @throws `refused` (rule `authority.fingerprint`) when no certificate of the chain has the pinned digest; `unavailable`.
 */
export async function firstContact(options: FirstContactOptions): Promise<FirstContact> {
  const { address, tlsAuthoritySha256 } = options;
  const chain = await chainOf(options);
  const authority = chain.find((certificate) => fingerprintOf(certificate) === tlsAuthoritySha256);
  if (authority === undefined) {
    throw refusal('authority.fingerprint', `the server at ${address} is not of the TLS authority in the invitation`, {
      required: tlsAuthoritySha256,
      offered: chain.map((certificate) => fingerprintOf(certificate)).at(-1) ?? 'no certificate',
      fix: 'Check the address. If it is right, a proxy opens the connection or somebody else answers: call the operator.',
    });
  }
  const authorityPem = certificatesToPem(authority);
  const services = openServices(
    address,
    { authorityPem, correlationId: options.correlationId },
    { uploadBytes: 0, downloadBytes: 0 },
    options.proxy === undefined ? undefined : proxiedTransport(options.proxy),
  );
  return { authorityPem, membership: services.membership, address, close: () => services.close() };
}

/** The certificates a server shows, leaf first, DER. */
async function chainOf({ address, signal, proxy }: FirstContactOptions): Promise<Uint8Array[]> {
  const { host, port } = splitAddress(address);
  const through = proxy ?? proxyOfEnvironment(host, process.env);
  const opened = through === undefined ? undefined : await lineThrough(through, { host, port, address });
  return new Promise((resolve, reject) => {
    if (isStopped(signal)) {
      opened?.destroy();
      return reject(stopped(signal));
    }
    // Not verified here on purpose: no authority is known yet, the digest decides.
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({
      ...(opened === undefined ? { host, port } : { socket: opened }),
      ...servername,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.3',
    });
    const finish = (outcome: () => void) => {
      signal?.removeEventListener('abort', abort);
      socket.destroy();
      outcome();
    };
    const abort = () => finish(() => reject(stopped(signal)));
    signal?.addEventListener('abort', abort, { once: true });
    socket.setTimeout(handshakeMillis, () =>
      finish(() => reject(unreachable(address, 'no answer to the TLS handshake'))),
    );
    socket.once('secureConnect', () => {
      const chain = peerChain(socket).map(({ raw }) => new Uint8Array(raw));
      finish(() => resolve(chain));
    });
    socket.once('error', (error) => finish(() => reject(unreachable(address, error.message, error))));
  });
}

async function lineThrough(
  proxy: URL,
  { host, port, address }: { readonly host: string; readonly port: number; readonly address: string },
): Promise<Socket> {
  try {
    return await dialThrough(proxy, { host, port, millis: handshakeMillis });
  } catch (error) {
    if (error instanceof FederatedError && error.code === 'unavailable') throw error;
    throw unreachable(address, error instanceof Error ? error.message : String(error), error);
  }
}

/** `host:port`, an IPv6 host in brackets. @throws `invalid-argument`. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]{1,253})):(\d{1,5})$/i.exec(address);
  const port = Number(match?.[3]);
  if (match !== null && port >= 1 && port <= 65_535) return { host: (match[1] ?? match[2])!, port };
  throw new FederatedError('invalid-argument', 'not an address', {
    detail: { required: 'host:port', offered: address.slice(0, 80) },
  });
}

function unreachable(address: string, reason: string, cause?: unknown): FederatedError {
  return new FederatedError('unavailable', `no coordinator answers at ${address}`, {
    detail: { address, reason: reason.slice(0, 300) },
    fix: 'Check the address, the network and outbound firewall rules; the operator can say whether the coordinator runs.',
    cause,
  });
}
