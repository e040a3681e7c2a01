import { constants } from 'node:crypto';
import {
  type AddressInfo,
  type BlockList,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { createServer, type SecureContextOptions, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { bounds, FederatedError } from '@concordat/core';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { cannotListen } from '../cannot-listen.js';
import { isIn } from '../configuration/networks.js';
import { type Peer, peerOf } from '../tls/peer.js';
import { receiveProxyHeader } from '../tls/proxied-socket.js';
import type { Origin } from '../tls/proxy-header.js';

export interface TlsFrontOptions {
  readonly server: Server;
  /** Address to listen on, e.g. `0.0.0.0`, `::` or `127.0.0.1`. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Server certificate and key, PEM; the key is secret. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** The TLS authority that client certificates must come from, PEM. */
  readonly authorityPem: string;
  readonly handshakeMillis?: number;
  readonly connectionsMax?: number;
  readonly connectionsPerAddressMax?: number;
  /**
   * Proxies in front that pass TCP through and say first where a connection comes from (PROXY protocol, version 2). They are believed, and
   * have to say it; nobody else is.
   */
  readonly trustedProxies?: BlockList | undefined;
  /** A trusted proxy did not say where a connection comes from. @param problem what it said instead. */
  readonly onProxyProblem?: (address: string, problem: string) => void;
  /** Somebody spoke without TLS: a proxy in front that ends it, or a wrong URL. @param address of the peer. */
  readonly onPlaintext?: (address: string) => void;
}

export interface TlsFront {
  readonly port: number;
  /** Show this certificate from the next handshake on; connections that are open stay. @throws `invalid-argument` when it is none. */
  renew(pair: Pick<TlsFrontOptions, 'certificatePem' | 'privateKeyPem'>): void;
  /** Destroy the connections of these clients. */
  cut(whose: (peer: Peer) => boolean): void;
  /** Connections refused or destroyed by the front since it was opened. */
  refused(): number;
  /** Accept no more, let open streams end for at most `graceMillis`, then destroy what is left. Resolves when all are gone. */
  close(graceMillis: number): Promise<void>;
}

/**
 * Listen with our own TLS and hand accepted connections to the gRPC server.
 *
 * A default grpc-js server leaves silent TLS sockets open for 120 s and has no caps. Here a handshake has 3 s, a failed one
 * is destroyed, and connections are counted in total and per address from their first byte. A client certificate is asked
 * for, not demanded: enrolment comes without one, so every other method has to be authorized by itself.
 *
 * @throws `unavailable` when the port is in use; `permission` when it may not be opened; `invalid-argument` for the host.
 */
export async function openTlsFront(options: TlsFrontOptions): Promise<TlsFront> {
  const injector = options.server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = new Set<Socket>();
  const known = new Map<TLSSocket, Peer>();
  const origins = new Map<string, Origin>();
  const perAddress = new Map<string, number>();
  let refusals = 0;
  const handshakeTimeout = options.handshakeMillis ?? bounds.handshakeMillis;
  const front = createServer({
    ...contextOf(options, options),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout,
  });
  const perAddressMax = options.connectionsPerAddressMax ?? bounds.connectionsPerAddressMax;
  const enter = (socket: Socket, address: string) => {
    const open = (perAddress.get(address) ?? 0) + 1;
    perAddress.set(address, open);
    socket.once('close', () => {
      const left = perAddress.get(address)! - 1;
      if (left === 0) perAddress.delete(address);
      else perAddress.set(address, left);
    });
    if (open > perAddressMax) {
      refusals++;
      socket.destroy();
    } else front.emit('connection', socket);
  };
  const enterByProxy = async (socket: Socket) => {
    const proxy = socket.remoteAddress ?? '';
    const ends = endsOf(socket);
    const received = await receiveProxyHeader(socket, handshakeTimeout);
    if (received.type === 'refused') {
      socket.destroy();
      if (received.problem === undefined) return;
      refusals++;
      options.onProxyProblem?.(proxy, received.problem);
    } else if (!socket.destroyed) {
      if (received.origin !== undefined) {
        origins.set(ends, received.origin);
        socket.once('close', () => origins.delete(ends));
      }
      enter(socket, received.origin?.address ?? proxy);
    }
  };
  const gate = createTcpServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    // A peer that resets its connection is no news; without a listener it would end the process.
    socket.on('error', () => undefined);
    if (options.trustedProxies !== undefined && isIn(options.trustedProxies, socket.remoteAddress)) {
      void enterByProxy(socket);
    } else enter(socket, socket.remoteAddress ?? '');
  });
  gate.maxConnections = options.connectionsMax ?? bounds.connectionsMax;
  gate.on('drop', () => {
    refusals++;
  });
  front.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    refusals++;
    if (plaintext.has(error.code ?? ''))
      options.onPlaintext?.(origins.get(endsOf(socket))?.address ?? socket.remoteAddress ?? 'unknown');
    socket.destroy();
  });
  front.on('secureConnection', (socket: TLSSocket) => {
    // A peer that resets its connection is no news; without a listener it would end the process.
    socket.on('error', () => undefined);
    keepPeerCertificate(socket);
    const origin = origins.get(endsOf(socket));
    if (origin !== undefined) showOrigin(socket, origin);
    if (socket.alpnProtocol === 'h2') {
      const peer = socket.authorized ? peerOf(socket.getPeerCertificate()) : undefined;
      if (peer !== undefined) {
        known.set(socket, peer);
        socket.once('close', () => known.delete(socket));
      }
      injector.injectConnection(socket);
    } else {
      refusals++;
      socket.destroy();
    }
  });
  await listen(gate, options.host, options.port);
  return {
    port: (gate.address() as AddressInfo).port,
    renew: (pair) => renewContext(front, contextOf(pair, options)),
    cut(whose) {
      for (const [socket, peer] of known) if (whose(peer)) socket.destroy();
    },
    refused: () => refusals,
    close: (graceMillis) => closeGate(gate, connections, () => injector.drain(graceMillis), graceMillis),
  };
}

/** What OpenSSL says of an HTTP/1 request, and of HTTP/2 without TLS or anything else that begins with text. */
const plaintext: ReadonlySet<string> = new Set([
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
]);

function contextOf(
  pair: Pick<TlsFrontOptions, 'certificatePem' | 'privateKeyPem'>,
  { authorityPem }: Pick<TlsFrontOptions, 'authorityPem'>,
): SecureContextOptions {
  return {
    cert: pair.certificatePem,
    key: pair.privateKeyPem,
    ca: authorityPem,
    minVersion: 'TLSv1.3',
    // No session tickets: each connection proves its certificate afresh.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function renewContext(front: TlsServer, context: SecureContextOptions): void {
  try {
    front.setSecureContext(context);
  } catch (cause) {
    throw new FederatedError('invalid-argument', 'certificate and key do not make a TLS server', { cause });
  }
}

function listen(gate: TcpServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    gate.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    gate.listen({ host, port }, () => {
      gate.removeAllListeners('error');
      // EMFILE and the like while accepting: that connection is lost, the server goes on.
      gate.on('error', () => undefined);
      resolve();
    });
  });
}

function closeGate(gate: TcpServer, connections: Set<Socket>, drain: () => void, graceMillis: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of connections) socket.destroy();
    }, graceMillis);
    gate.close(() => {
      clearTimeout(timer);
      resolve();
    });
    drain();
  });
}

/** Node reads the certificate of the peer anew whenever it is asked for, and gRPC asks several times for each call: of one connection it is one. */
function keepPeerCertificate(socket: TLSSocket): void {
  const certificate = socket.getPeerCertificate();
  socket.getPeerCertificate = (() => certificate) as typeof socket.getPeerCertificate;
}

/** Both ends of a connection to a proxy, as one text: TLS makes a socket of its own over the one that the header was read from. */
function endsOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Whoever asks the socket for the other end, gRPC for one, is told where the connection comes from. */
function showOrigin(socket: TLSSocket, { address, port }: Origin): void {
  Object.defineProperties(socket, { remoteAddress: { value: address }, remotePort: { value: port } });
}
