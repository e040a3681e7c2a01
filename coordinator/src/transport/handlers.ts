import { FederatedError } from '@concordat/core';
import { type peerOfCall, readSingly } from '@concordat/node';
import { correlationHeader, errorToWire, errorTrailer, readCorrelationId, requireDecoded } from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { traceCall } from '../observe/traces.js';
import { type Caller, callerName } from './caller.js';
import type { RefusalLog } from './refusal-log.js';
import type { SendAhead } from './send-ahead.js';

/** What every handler needs to know about its call. */
export interface CallContext {
  readonly callerOf: (call: Parameters<typeof peerOfCall>[0]) => Caller;
  readonly refusals: RefusalLog;
  /** What streams of encoded replies may have on their way beside one each; nothing unless given. */
  readonly ahead?: SendAhead;
}

/** The part of a call that its refusal is logged with. */
type AnyCall = Parameters<CallContext['callerOf']>[0] & {
  readonly metadata: grpc.Metadata;
  getPath(): string;
};

/** Any thrown value as the status a handler answers with. It is logged here; our own bugs tell the peer nothing. */
export function statusOf(error: unknown, context: CallContext, call: AnyCall): Partial<grpc.StatusObject> {
  const { metadata: sent } = call;
  context.refusals.note(error, { method: call.getPath(), caller: callerName(context.callerOf(call)), metadata: sent });
  const { code, details, envelope } = errorToWire(error);
  const metadata = new grpc.Metadata();
  metadata.set(errorTrailer, Buffer.from(envelope));
  return { code, details, metadata };
}

function traced(context: CallContext, call: AnyCall): (code?: string) => void {
  const correlationId = readCorrelationId(call.metadata.get(correlationHeader)[0]);
  return traceCall(call.getPath(), callerName(context.callerOf(call)), correlationId);
}

function codeOf(error: unknown): string {
  return error instanceof FederatedError ? error.code : 'internal';
}

/** A unary handler from a function of request and caller. */
export function unary<Request, Reply>(
  context: CallContext,
  handle: (request: Request, caller: Caller) => Promise<Reply> | Reply,
): grpc.handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    const answered = traced(context, call);
    new Promise<Reply>((resolve) => resolve(handle(requireDecoded(call.request), context.callerOf(call)))).then(
      (reply) => {
        answered();
        callback(null, reply);
      },
      (error: unknown) => {
        answered(codeOf(error));
        callback(statusOf(error, context, call));
      },
    );
  };
}

/** A client-streaming handler from an async function of frames and caller. The signal fires when the client is gone. */
export function clientStream<Frame, Reply>(
  context: CallContext,
  handle: (frames: AsyncIterable<Frame>, caller: Caller, signal: AbortSignal) => Promise<Reply>,
): grpc.handleClientStreamingCall<Frame, Reply> {
  return (call, callback) => {
    readSingly(call);
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    call.on('error', () => gone.abort());
    const answered = traced(context, call);
    handle(framesOf(call), context.callerOf(call), gone.signal).then(
      (reply) => {
        answered();
        callback(null, reply);
      },
      (error: unknown) => {
        answered(codeOf(error));
        callback(statusOf(error, context, call));
      },
    );
  };
}

/**
 * A server-streaming handler from an async generator: the next reply is made when the connection took the last one, or those before it are
 * few enough, and none when the reader is gone.
 */
export function serverStream<Request, Reply>(
  context: CallContext,
  handle: (request: Request, caller: Caller, signal: AbortSignal) => AsyncIterable<Reply>,
): grpc.handleServerStreamingCall<Request, Reply> {
  return (call) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    call.on('error', () => gone.abort());
    let aheadBytes = 0;
    const send = sending(call, gone.signal);
    const pump = async () => {
      for await (const reply of handle(requireDecoded(call.request), context.callerOf(call), gone.signal)) {
        if (gone.signal.aborted) return;
        const sent = send(reply);
        const bytes = Buffer.isBuffer(reply) ? reply.length : 0;
        if (bytes === 0 || context.ahead?.take(bytes, aheadBytes) !== true) await sent;
        else {
          aheadBytes += bytes;
          void sent.then(() => {
            aheadBytes -= bytes;
            context.ahead?.giveBack(bytes);
          });
        }
      }
      call.end();
    };
    pump().catch((error: unknown) => call.emit('error', statusOf(error, context, call)));
  };
}

/** Frames one at a time: the next is read from the wire only when the last one was taken. */
async function* framesOf<Frame>(call: AsyncIterable<unknown>): AsyncGenerator<Frame> {
  for await (const frame of call) yield requireDecoded(frame as Frame);
}

/**
 * Writes replies to one reader; each is settled when the connection took it, or when the reader is gone.
 *
 * The stream itself would take sixteen replies, whatever their size, before it asks to wait: with a hundred readers 75 MB. One listener
 * for all replies: of one each, Node takes eleven for a leak, and dozens may be on their way.
 */
function sending<Reply>(
  call: grpc.ServerWritableStream<unknown, Reply>,
  signal: AbortSignal,
): (reply: Reply) => Promise<void> {
  const onTheirWay = new Set<() => void>();
  signal.addEventListener(
    'abort',
    () => {
      for (const done of [...onTheirWay]) done();
    },
    { once: true },
  );
  return (reply) =>
    new Promise((resolve) => {
      const done = () => {
        onTheirWay.delete(done);
        resolve();
      };
      onTheirWay.add(done);
      call.write(reply, done);
    });
}
