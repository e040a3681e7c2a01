import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { FederatedError, printable } from '@concordat/core';
import { fingerprintOf } from '@concordat/node';
import { splitAddress } from './first-contact.js';
import { peerChain } from './peer-chain.js';
import { dial, dialThrough } from './proxied-dial.js';

const probeMillis = 10_000;
/** A gRPC message: not compressed, no bytes. */
const emptyMessage = Buffer.alloc(5);

export interface LineProbeOptions {
  /** host:port. */
  readonly address: string;
  /** An HTTP proxy that the line goes through. */
  readonly proxy?: URL | undefined;
  readonly authorityPem: string;
  /** SHA-256 of the authority's certificate (DER), lower-case hex. */
  readonly tlsAuthoritySha256: string;
  /** What is shown; the key is secret. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** How far a line comes. Each step is there when the one before it succeeded. */
export interface ProbedLine {
  readonly tcp: Step;
  readonly tls?: TlsStep;
  readonly http2?: Http2Step;
}

/** Its error as the system says it, or none. */
export interface Step {
  readonly error?: { readonly code: string; readonly message: string };
}

export interface TlsStep extends Step {
  /** TLS did not verify the server, and says why, e.g. `CERT_HAS_EXPIRED`. */
  readonly unverified?: string;
  /** Whether the pinned authority is in the chain that was shown. */
  readonly isPinned?: boolean;
  /** Who issued the server's certificate, as it says itself; printable. */
  readonly issuer?: string;
  /** What was agreed on, `h2` or something else. */
  readonly protocol?: string;
}

export interface Http2Step extends Step {
  readonly status?: number;
  readonly contentType?: string;
  /** By the clock of whoever answered, milliseconds since 1970. */
  readonly dateMillis?: number;
}

/** Dial a coordinator step by step, to see where it ends. No secret and no message of a round is sent; the server is not believed. */
export async function probeLine(options: LineProbeOptions): Promise<ProbedLine> {
  const { host, port } = splitAddress(options.address);
  const target = { host, port, millis: probeMillis };
  let socket: Socket;
  try {
    socket = await (options.proxy === undefined ? dial(target) : dialThrough(options.proxy, target));
  } catch (error) {
    return { tcp: failed(error) };
  }
  try {
    const { step, secure } = await handshake(socket, host, options);
    if (secure === undefined || step.protocol !== 'h2' || step.unverified !== undefined) return { tcp: {}, tls: step };
    return { tcp: {}, tls: step, http2: await ask(secure, options.address) };
  } finally {
    socket.destroy();
  }
}

async function handshake(socket: Socket, host: string, options: LineProbeOptions) {
  const { authorityPem, certificatePem, privateKeyPem, tlsAuthoritySha256 } = options;
  const secure = connectTls({
    socket,
    ca: authorityPem,
    cert: certificatePem,
    key: privateKeyPem,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    // Not verified here on purpose: who answers instead is what is to be found out. Nothing is sent but the question how it is.
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  });
  secure.setTimeout(probeMillis, () =>
    secure.destroy(new FederatedError('deadline', 'no answer to the TLS handshake')),
  );
  try {
    await once(secure, 'secureConnect');
  } catch (error) {
    return { step: failed(error) as TlsStep, secure: undefined };
  }
  const chain = peerChain(secure);
  const unverified = unverifiedBecause(secure);
  const protocol = typeof secure.alpnProtocol === 'string' ? secure.alpnProtocol : 'none';
  const step: TlsStep = {
    isPinned: chain.some(({ raw }) => fingerprintOf(raw) === tlsAuthoritySha256),
    issuer: nameOf(chain[0]),
    protocol: printable(protocol),
    ...(unverified === undefined ? {} : { unverified }),
  };
  return { step, secure };
}

async function ask(secure: TLSSocket, address: string): Promise<Http2Step> {
  const session = connectHttp2(`https://${address}`, { createConnection: () => secure });
  try {
    session.setTimeout(probeMillis, () => session.destroy(new FederatedError('deadline', 'no answer to a question')));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/concordat.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const dead = once(session, 'error').then(([error]) => Promise.reject(error));
    dead.catch(() => undefined);
    stream.end(emptyMessage);
    const [headers] = (await Promise.race([once(stream, 'response'), dead])) as [Record<string, unknown>];
    const dateMillis = Date.parse(String(headers.date ?? ''));
    return {
      status: Number(headers[':status']),
      contentType: printable(String(headers['content-type'] ?? '').slice(0, 100)),
      ...(Number.isNaN(dateMillis) ? {} : { dateMillis }),
    };
  } catch (error) {
    return failed(error);
  } finally {
    session.on('error', () => undefined);
    session.destroy();
  }
}

function unverifiedBecause(secure: TLSSocket): string | undefined {
  if (secure.authorized) return undefined;
  const reason: unknown = secure.authorizationError;
  return printable(
    reason instanceof Error ? ((reason as NodeJS.ErrnoException).code ?? reason.message) : String(reason),
  );
}

function nameOf(certificate: DetailedPeerCertificate | undefined): string {
  const { O, CN } = (certificate?.issuer ?? {}) as { readonly O?: string; readonly CN?: string };
  return printable([O, CN].filter((part) => part !== undefined).join(', ') || 'nobody');
}

function failed(error: unknown): Step {
  const { code, message } = error as NodeJS.ErrnoException;
  return { error: { code: String(code ?? 'unknown'), message: printable(String(message)).slice(0, 300) } };
}
