import { bounds } from '@concordat/core';
import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { type Peer, peerOf } from '../tls/peer.js';
import { limitMessages, unverifiedBecause } from './wide-server.js';

/** What is known of a call before a byte of its body is read. */
export interface CallFacts {
  /** Full path, e.g. `/concordat.v1.Rounds/Ready`. */
  readonly method: string;
  /** undefined without a client certificate that TLS verified against our authority. */
  readonly peer: Peer | undefined;
  /** Why TLS did not verify a certificate that was shown, e.g. `CERT_HAS_EXPIRED`. */
  readonly unverified?: string | undefined;
  /** Remote address and port, for logs. */
  readonly address: string;
}

/** How a refused call ends. */
export interface CallRefusal {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
  /** The error behind it, for the log. */
  readonly cause?: unknown;
}

export type CallVerdict =
  | {
      readonly allow: true;
      /** The server ends the call after this long, whatever the client asked for. */
      readonly deadlineMillis?: number;
      /** Longest message taken from the client; without a verified certificate 64 KiB unless said. */
      readonly messageBytesMax?: number;
      /** The call begins; `end` ends it with a status. @returns called once, when the call is over however it ended. */
      readonly opened?: (end: (status: CallRefusal) => void) => () => void;
      /**
       * Decide about a call that may have to wait. The signal fires when the call is over before.
       *
       * @returns called once, when the call is over; or how it is refused.
       */
      readonly admitted?: (over: AbortSignal) => Promise<CallRefusal | (() => void)>;
    }
  | { readonly allow: false; readonly status: CallRefusal };

/**
 * Decide about every call before its body is read or its handler runs. Put it first in the server's `interceptors`.
 *
 * @param decide called once for each call; an exception in it refuses the call as internal.
 * @param onRefused told of every refused call, with the metadata its client sent and how it ends.
 */
export function authorizationInterceptor(
  decide: (facts: CallFacts) => CallVerdict,
  onRefused: (facts: CallFacts, metadata: Metadata, refusal: CallRefusal) => void = () => undefined,
): ServerInterceptor {
  return (definition, call) => {
    const peer = peerOfCall(call);
    const unverified = peer === undefined ? unverifiedBecause(call) : undefined;
    const facts = { method: definition.path, peer, unverified, address: addressOf(call) };
    const verdict = decideSafely(decide, facts);
    const bytesMax = verdict.allow ? verdict.messageBytesMax : 0;
    if (bytesMax !== undefined) limitMessages(call, bytesMax);
    else if (peer === undefined) limitMessages(call, bounds.anonymousMessageBytesMax);
    const over: (() => void)[] = [];
    const isOver = new AbortController();
    const conclude = () => {
      isOver.abort(callOver);
      for (const step of over.splice(0)) step();
    };
    const refuse = (metadata: Metadata, refusal: CallRefusal) => {
      onRefused(facts, metadata, refusal);
      end(call, refusal, conclude);
    };
    // Nothing calls `next` for a refused call: the handler never starts, so nothing ever reads the stream.
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        if (!verdict.allow) return refuse(metadata, verdict.status);
        const closed = verdict.opened?.((ending) => end(call, ending, conclude));
        if (closed !== undefined) over.push(closed);
        if (verdict.admitted === undefined) return next(metadata);
        void verdict.admitted(isOver.signal).then((answer) => {
          if (typeof answer !== 'function') {
            if (!isOver.signal.aborted) refuse(metadata, answer);
          } else if (isOver.signal.aborted) answer();
          else {
            over.push(answer);
            next(metadata);
          }
        });
      })
      .withOnCancel(conclude);
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener.build()))
      .withSendStatus((ending, next) => {
        conclude();
        next(ending);
      });
    if (verdict.allow && verdict.deadlineMillis !== undefined) {
      const timer = endAfter(call, verdict.deadlineMillis, conclude);
      over.push(() => clearTimeout(timer));
    }
    return new ServerInterceptingCall(call, responder.build());
  };
}

/** Without one, `abort` makes an exception with its stack for every call. */
const callOver = new Error('the call is over');

/** The verified peer of a call, inside a handler or interceptor. */
export function peerOfCall(call: Pick<ServerInterceptingCallInterface, 'getAuthContext'>): Peer | undefined {
  try {
    return peerOf(call.getAuthContext().sslPeerCertificate);
  } catch {
    // The connection died before the call was looked at: its socket throws at every touch.
    return undefined;
  }
}

function addressOf(call: ServerInterceptingCallInterface): string {
  try {
    return call.getPeer();
  } catch {
    return 'unknown';
  }
}

function decideSafely(decide: (facts: CallFacts) => CallVerdict, facts: CallFacts): CallVerdict {
  try {
    return decide(facts);
  } catch {
    return { allow: false, status: { code: status.INTERNAL, details: 'authorization failed' } };
  }
}

function end(call: ServerInterceptingCallInterface, ending: CallRefusal, conclude: () => void): void {
  conclude();
  call.sendStatus(ending);
}

function endAfter(call: ServerInterceptingCallInterface, millis: number, conclude: () => void): NodeJS.Timeout {
  const details = 'the server ended the call at its own deadline';
  const timer = setTimeout(() => end(call, { code: status.DEADLINE_EXCEEDED, details }, conclude), millis);
  return timer.unref();
}
