import { createPrivateKey, X509Certificate } from 'node:crypto';
import { FederatedError } from '@concordat/core';
import { type ChannelInterface, connectivityState, type Server, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { ClientTls } from './client-credentials.js';
import { InProcessCall, type InProcessServerCall } from './in-process-call.js';
import type { ChannelCall, Transport } from './transport.js';
import { handlersOf } from './wide-server.js';

type AuthContext = ReturnType<InProcessServerCall['getAuthContext']>;

export interface InProcessServerOptions {
  /** Its services are what is called. It need not listen. */
  readonly server: Server;
  /** The same as the server's own, in the same order: they see the calls first. */
  readonly interceptors: readonly ServerInterceptor[];
  /** The TLS authority that client certificates must come from, PEM. */
  readonly authorityPem: string;
  readonly messageBytesMax: number;
}

/** A server reached without sockets. */
export interface InProcessServer {
  readonly transport: Transport;
  /** Take no more calls, let open ones end for at most `graceMillis`, then cut them. Resolves when all are gone. */
  close(graceMillis: number): Promise<void>;
}

/**
 * Let clients of this process call a gRPC server directly. Everything but the socket is the same: each message is encoded and
 * decoded by the codecs of both sides, the interceptors see each call before its body, gRPC's own code runs the handlers.
 * Who calls is decided as TLS decides it: by the certificate's chain to the authority and the key that goes with it.
 *
 * @throws `internal` when this version of grpc-js has other internals than the tested ones.
 */
export function serveInProcess(options: InProcessServerOptions): InProcessServer {
  const handlers = handlersOf(options.server);
  const open = new Set<InProcessCall>();
  let closed = false;
  let emptied: (() => void) | undefined;
  const serve = (path: string) => (call: InProcessServerCall) => {
    const method = closed ? undefined : handlers.method(path);
    if (method === undefined) {
      const [code, details] = closed
        ? [status.UNAVAILABLE, 'the server is closed']
        : [status.UNIMPLEMENTED, `The server does not implement the method ${path}`];
      call.sendStatus({ code, details });
      return;
    }
    call.speak(method);
    const intercepted = options.interceptors.reduce<Parameters<ServerInterceptor>[1]>(
      (inner, interceptor) => interceptor(method, inner),
      call,
    );
    handlers.run(path, intercepted);
  };
  const openCall =
    (peer: AuthContext): Opener =>
    (path, deadline, closedCall) => {
      const call: InProcessCall = new InProcessCall({
        deadline,
        peer,
        messageBytesMax: options.messageBytesMax,
        serve: serve(path),
        closed() {
          open.delete(call);
          if (open.size === 0) emptied?.();
          closedCall(call);
        },
      });
      open.add(call);
      return call;
    };
  return {
    transport: {
      channel: (address, tls) => new InProcessChannel(address, openCall(peerOfClient(options.authorityPem, tls))),
    },
    async close(graceMillis) {
      closed = true;
      if (open.size === 0) return;
      const cut = () => {
        for (const call of [...open]) call.cancelWithStatus(status.UNAVAILABLE, 'the server is closed');
      };
      const timer = setTimeout(cut, graceMillis);
      await new Promise<void>((resolve) => {
        emptied = resolve;
      });
      clearTimeout(timer);
    },
  };
}

type Opener = (path: string, deadline: Date | number, closed: (call: InProcessCall) => void) => InProcessCall;

class InProcessChannel implements ChannelInterface {
  readonly #address: string;
  readonly #openCall: Opener;
  readonly #calls = new Set<InProcessCall>();
  #closed = false;

  constructor(address: string, openCall: Opener) {
    this.#address = address;
    this.#openCall = openCall;
  }

  createCall(path: string, deadline: Date | number): ChannelCall {
    if (this.#closed) throw new FederatedError('unavailable', 'the channel is closed');
    const call = this.#openCall(path, deadline, (over) => this.#calls.delete(over));
    this.#calls.add(call);
    return call;
  }

  close(): void {
    this.#closed = true;
    for (const call of [...this.#calls]) call.cancelWithStatus(status.UNAVAILABLE, 'the channel is closed');
  }

  getTarget(): string {
    return this.#address;
  }

  getConnectivityState(): connectivityState {
    return this.#closed ? connectivityState.SHUTDOWN : connectivityState.READY;
  }

  watchConnectivityState(
    _current: connectivityState,
    _deadline: Date | number,
    callback: (error?: Error) => void,
  ): void {
    setImmediate(callback);
  }

  getChannelzRef(): never {
    throw new FederatedError('internal', 'a channel in process has no channelz entry');
  }
}

/** What TLS would tell the server of this client; a certificate of another authority tells nothing. */
function peerOfClient(authorityPem: string, tls: ClientTls): AuthContext {
  const authority = new X509Certificate(authorityPem);
  if (new X509Certificate(tls.authorityPem).fingerprint256 !== authority.fingerprint256) {
    throw new FederatedError('verification', 'the coordinator of this process has another TLS authority', {
      detail: { rule: 'authority.fingerprint' },
      fix: 'Use the participant directory that was enrolled with this consortium.',
    });
  }
  const { certificatePem, privateKeyPem } = tls;
  if (certificatePem === undefined || privateKeyPem === undefined) return {};
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(createPrivateKey(privateKeyPem))) {
    throw new FederatedError('unauthenticated', 'the key is not the one of the client certificate', {
      fix: 'Use certificate and key of one enrolment.',
    });
  }
  const now = Date.now();
  const valid = Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo);
  if (!valid || !certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) return {};
  return { transportSecurityType: 'ssl', sslPeerCertificate: certificate.toLegacyObject() };
}
