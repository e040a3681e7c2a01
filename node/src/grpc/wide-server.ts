// The one place that reaches behind grpc-js, for six things that have no public option.
// Receive windows: its server leaves every one at 64 KiB; at 50 ms round trip an upload then runs at 0.74 MiB/s; with wide windows at 30 to 51 MiB/s.
// They are wide for a few connections at a time (wide-connections.ts).
// Handlers: calls from within the process run the very handlers that calls from a socket run.
// Messages read ahead: its calls take sixteen, whatever their size, before anybody asked for one.
// Certificates that were refused: who shows an expired one shall read why nobody knows it.
// Floods: it hands on no connection whose frames could be counted (control-frames.ts).
// Message limits: it has one for all methods, but who is unknown shall not make us hold 2 MiB for each unfinished call.

import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { createRequire } from 'node:module';
import { FederatedError } from '@concordat/core';
import {
  Server,
  type ServerCredentials,
  type ServerInterceptingCallInterface,
  type ServerMethodDefinition,
  type ServerOptions,
} from '@grpc/grpc-js';
import { boundControlFrames } from './control-frames.js';
import { type ReceiveWindows, WideConnections } from './wide-connections.js';

export interface WideServer {
  readonly server: Server;
  /** `undefined` when the windows are wide; else why they are not, as a sentence for the log. Everything works, slower. */
  readonly narrow: string | undefined;
}

export const defaultWindows: ReceiveWindows = {
  streamBytes: 4 * 1024 * 1024,
  connectionBytes: 8 * 1024 * 1024,
  waitingBytes: 128 * 1024,
  wideMax: 4,
};

/** Versions whose internals were read and tested. */
const testedVersions = /^1\.14\.\d+$/;

interface ServerInternals {
  commonServerOptions: { settings?: { initialWindowSize?: number } };
  createHttp2Server(credentials: ServerCredentials): Http2Server;
}

/**
 * A gRPC server with wide receive windows where this version of grpc-js allows it, else a plain one that says so.
 *
 * A connection whose client certificate was not verified keeps the protocol's 64 KiB for all its streams together:
 * windows are memory that a stranger may fill.
 *
 * @param version of grpc-js; the installed one unless a test says otherwise.
 */
export function createWideServer(
  options: ServerOptions,
  windows: ReceiveWindows = defaultWindows,
  version: string = installedVersion(),
): WideServer {
  const server = new Server(options);
  if (!testedVersions.test(version)) {
    return {
      server,
      narrow: `grpc-js ${version} was not tested with wide windows: uploads over long distances are slow`,
    };
  }
  const internals = internalsOf(server);
  if (internals === undefined) {
    return {
      server,
      narrow: `grpc-js ${version} has other internals than expected: uploads over long distances are slow`,
    };
  }
  const { commonServerOptions } = internals;
  commonServerOptions.settings = { ...commonServerOptions.settings, initialWindowSize: windows.waitingBytes };
  const create = internals.createHttp2Server;
  const connections = new WideConnections(windows);
  internals.createHttp2Server = (credentials) => {
    const http2Server = create.call(internals, credentials);
    http2Server.on('session', (session) => {
      boundControlFrames(session);
      if (isKnown(session)) connections.watch(session, (path) => isUpload(server, path));
    });
    return http2Server;
  };
  return { server, narrow: undefined };
}

/**
 * Lower the longest message that one call may send, before any of its body is read.
 *
 * @param call the first interceptor's: it is grpc-js's own object.
 * @returns false when this version has other internals; the limit of the server then holds, and the scan before decoding.
 */
export function limitMessages(call: object, bytesMax: number): boolean {
  const { decoder } = call as { decoder?: { maxReadMessageLength?: unknown } };
  if (typeof decoder?.maxReadMessageLength !== 'number') return false;
  decoder.maxReadMessageLength = Math.min(decoder.maxReadMessageLength, bytesMax);
  return true;
}

/**
 * Take the next message of a call from the wire only when the last one was read.
 *
 * @param call a stream of requests, as its handler gets it, before it reads.
 * @returns false when this version has other internals; then sixteen are read ahead.
 */
export function readSingly(call: object): boolean {
  const { _readableState: state } = call as { _readableState?: { highWaterMark?: unknown } };
  if (typeof state?.highWaterMark !== 'number') return false;
  state.highWaterMark = 1;
  return true;
}

/**
 * Why TLS did not verify the client certificate of a call, e.g. `CERT_HAS_EXPIRED`.
 *
 * @param call the first interceptor's. @returns undefined when it was verified, or none was shown, or this version has other internals.
 */
export function unverifiedBecause(call: object): string | undefined {
  const { stream } = call as { stream?: { session?: { socket?: { authorizationError?: unknown } } } };
  try {
    const reason = stream?.session?.socket?.authorizationError;
    const text = reason instanceof Error ? (reason as NodeJS.ErrnoException).code : reason;
    return typeof text === 'string' && text !== notShown ? text : undefined;
  } catch {
    // The connection died before the call was looked at: its socket throws at every touch.
    return undefined;
  }
}

/** What OpenSSL says of a client that shows no certificate. */
const notShown = 'UNABLE_TO_GET_ISSUER_CERT';

/** The handlers of a server, for calls that did not come over HTTP/2. */
export interface Handlers {
  /** undefined for a method that is not served. */
  method(path: string): ServerMethodDefinition<unknown, unknown> | undefined;
  /** Run the handler of a served method on `call`, as grpc-js does for its own. */
  run(path: string, call: ServerInterceptingCallInterface): void;
}

interface Registered {
  readonly type: string;
  readonly path: string;
  readonly serialize: (value: unknown) => Buffer;
  readonly deserialize: (bytes: Buffer) => unknown;
}

interface HandlerInternals {
  handlers: ReadonlyMap<string, Registered>;
  _runHandlerForCall(call: ServerInterceptingCallInterface, handler: Registered): boolean;
}

/** @throws `internal` when this version of grpc-js has other internals than the tested ones. */
export function handlersOf(server: Server): Handlers {
  const internals = server as unknown as Partial<HandlerInternals>;
  const { handlers } = internals;
  if (!(handlers instanceof Map) || typeof internals._runHandlerForCall !== 'function') {
    throw new FederatedError('internal', `grpc-js ${installedVersion()} does not let calls from this process in`, {
      fix: 'Install the version of @grpc/grpc-js that package.json of @concordat/node names.',
    });
  }
  const known = internals as HandlerInternals;
  return {
    method(path) {
      const handler = known.handlers.get(path);
      if (handler === undefined) return undefined;
      const { type, deserialize: requestDeserialize, serialize: responseSerialize } = handler;
      return {
        path,
        requestStream: type === 'clientStream' || type === 'bidi',
        responseStream: type === 'serverStream' || type === 'bidi',
        requestDeserialize,
        responseSerialize,
      };
    },
    run(path, call) {
      known._runHandlerForCall(call, known.handlers.get(path)!);
    },
  };
}

function isKnown(session: ServerHttp2Session): boolean {
  const socket = session.socket as { readonly encrypted?: boolean; readonly authorized?: boolean };
  return socket.encrypted !== true || socket.authorized === true;
}

function isUpload(server: Server, path: string): boolean {
  const method = handlersOf(server).method(path);
  return method?.requestStream === true && !method.responseStream;
}

function internalsOf(server: Server): ServerInternals | undefined {
  const candidate = server as unknown as Partial<ServerInternals>;
  const known =
    typeof candidate.createHttp2Server === 'function' &&
    typeof candidate.commonServerOptions === 'object' &&
    candidate.commonServerOptions !== null;
  return known ? (candidate as ServerInternals) : undefined;
}

function installedVersion(): string {
  const found: unknown = createRequire(import.meta.url)('@grpc/grpc-js/package.json').version;
  return typeof found === 'string' ? found : 'unknown';
}
