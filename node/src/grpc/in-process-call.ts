import { FederatedError } from '@concordat/core';
import {
  Metadata,
  type ServerInterceptingCallInterface,
  type ServerMethodDefinition,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import type { ChannelCall } from './transport.js';

type ServerListener = Parameters<ServerInterceptingCallInterface['start']>[0];
type ClientListener = Parameters<ChannelCall['start']>[1];
type AuthContext = ReturnType<ServerInterceptingCallInterface['getAuthContext']>;
type Deadline = ReturnType<ServerInterceptingCallInterface['getDeadline']>;
type Ending = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** What a call is opened with. */
export interface InProcessCallOptions {
  readonly deadline: Deadline;
  readonly peer: AuthContext;
  /** Longest message either side takes. */
  readonly messageBytesMax: number;
  /** The handlers' side, called once: it tells the call the method's codec, then runs interceptors and handler. */
  readonly serve: (call: InProcessServerCall) => void;
  /** The call is over at both ends. */
  readonly closed: () => void;
}

/** Messages of one direction, handed over one for each read. */
class Lane {
  readonly #frames: { readonly bytes: Buffer; readonly taken: () => void }[] = [];
  #wanted = false;
  #ended = false;
  readonly #deliver: (bytes: Buffer) => void;
  readonly #end: () => void;

  constructor(deliver: (bytes: Buffer) => void, end: () => void) {
    this.#deliver = deliver;
    this.#end = end;
  }

  push(bytes: Buffer, taken: () => void): void {
    this.#frames.push({ bytes, taken });
    this.#move();
  }

  /** Nothing follows; told when what came before is read. */
  end(): void {
    this.#ended = true;
    this.#move();
  }

  read(): void {
    this.#wanted = true;
    this.#move();
  }

  /** Drop what nobody will read. */
  clear(): void {
    this.#frames.length = 0;
  }

  #move(): void {
    const frame = this.#wanted ? this.#frames.shift() : undefined;
    if (frame !== undefined) {
      this.#wanted = false;
      this.#deliver(frame.bytes);
      frame.taken();
    }
    if (this.#ended && this.#frames.length === 0) {
      this.#ended = false;
      this.#end();
    }
  }
}

/**
 * One call without a socket: the client's half of gRPC's call interface here, the server's half in {@link InProcessServerCall}.
 * Frames cross as the bytes that the client's and the handler's codecs make and read, one for each read of the other side.
 * Nothing is delivered on the stack of the one who sent it, as with a socket.
 */
export class InProcessCall implements ChannelCall {
  readonly #options: InProcessCallOptions;
  readonly #server: InProcessServerCall;
  readonly #replies: Lane;
  #listener: ClientListener | undefined;
  #ending: StatusObject | undefined;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: InProcessCallOptions) {
    this.#options = options;
    this.#replies = new Lane(
      (bytes) => soon(() => this.#listener?.onReceiveMessage(bytes)),
      () => this.#finish(this.#ending!),
    );
    this.#server = new InProcessServerCall(options, {
      metadata: (metadata) => soon(() => this.#listener?.onReceiveMetadata(metadata)),
      message: (bytes, taken) => this.#replies.push(bytes, taken),
      status: (ending) => this.#end(ending),
    });
  }

  start(metadata: Metadata, listener: ClientListener): void {
    this.#listener = listener;
    const left = millisUntil(this.#options.deadline);
    if (left !== undefined) {
      this.#timer = setTimeout(() => this.cancelWithStatus(status.DEADLINE_EXCEEDED, 'Deadline exceeded'), left);
    }
    soon(() => {
      if (!this.#over) this.#server.begin(metadata, this.#options.serve);
    });
  }

  sendMessageWithContext(context: Parameters<ChannelCall['sendMessageWithContext']>[0], message: Buffer): void {
    if (!this.#over) this.#server.receive(message, () => soon(() => context.callback?.()));
  }

  startRead(): void {
    this.#replies.read();
  }

  halfClose(): void {
    this.#server.receiveEnd();
  }

  cancelWithStatus(code: status, details: string): void {
    this.#replies.clear();
    this.#finish({ code, details, metadata: new Metadata() });
    this.#server.cancel();
  }

  getPeer(): string {
    return 'in-process';
  }

  getCallNumber(): number {
    return 0;
  }

  setCredentials(): void {}

  getAuthContext(): null {
    return null;
  }

  #end(ending: StatusObject): void {
    this.#ending = ending;
    this.#replies.end();
  }

  #finish(ending: StatusObject): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#options.closed();
    soon(() => this.#listener?.onReceiveStatus(ending));
  }
}

/** What the server's half tells the client's. */
interface ClientSide {
  metadata(metadata: Metadata): void;
  message(bytes: Buffer, taken: () => void): void;
  status(ending: StatusObject): void;
}

/** The server's half: what interceptors and gRPC's own handling of unary and streaming methods stand on. */
export class InProcessServerCall implements ServerInterceptingCallInterface {
  /** Where an interceptor lowers the limit of one call, as in gRPC's own server calls. */
  readonly decoder: { maxReadMessageLength: number };
  readonly #options: InProcessCallOptions;
  readonly #client: ClientSide;
  readonly #requests: Lane;
  #codec: Pick<ServerMethodDefinition<unknown, unknown>, 'requestDeserialize' | 'responseSerialize'> | undefined;
  #metadata = new Metadata();
  #listener: ServerListener | undefined;
  #over = false;

  constructor(options: InProcessCallOptions, client: ClientSide) {
    this.#options = options;
    this.#client = client;
    this.decoder = { maxReadMessageLength: options.messageBytesMax };
    this.#requests = new Lane(
      (bytes) => this.#deliver(bytes),
      () => soon(() => this.#listener?.onReceiveHalfClose()),
    );
  }

  begin(metadata: Metadata, serve: (call: InProcessServerCall) => void): void {
    this.#metadata = metadata.clone();
    serve(this);
  }

  /** The codec of the method, before any interceptor or handler sees the call. */
  speak(codec: Pick<ServerMethodDefinition<unknown, unknown>, 'requestDeserialize' | 'responseSerialize'>): void {
    this.#codec = codec;
  }

  receive(bytes: Buffer, taken: () => void): void {
    if (!this.#over) this.#requests.push(bytes, taken);
  }

  receiveEnd(): void {
    if (!this.#over) this.#requests.end();
  }

  /** The client is gone. */
  cancel(): void {
    this.#close();
  }

  start(listener: ServerListener): void {
    if (this.#over) return;
    this.#listener = listener;
    listener.onReceiveMetadata(this.#metadata);
  }

  sendMetadata(metadata: Metadata): void {
    if (!this.#over) this.#client.metadata(metadata);
  }

  sendMessage(message: unknown, callback: () => void): void {
    if (this.#over) return;
    let bytes: Buffer;
    try {
      bytes = this.#codec!.responseSerialize(message);
    } catch {
      this.sendStatus({ code: status.INTERNAL, details: 'Error serializing response' });
      return;
    }
    const { messageBytesMax } = this.#options;
    if (bytes.length > messageBytesMax) {
      const details = `Sent message larger than max (${bytes.length} vs. ${messageBytesMax})`;
      this.sendStatus({ code: status.RESOURCE_EXHAUSTED, details });
      return;
    }
    this.#client.message(bytes, () => soon(callback));
  }

  sendStatus({ code, details, metadata }: Ending): void {
    if (this.#over) return;
    this.#client.status({ code, details, metadata: metadata?.clone() ?? new Metadata() });
    // As gRPC's own server calls do: handlers learn that nothing they send from here on is read.
    this.#close();
  }

  startRead(): void {
    if (!this.#over) this.#requests.read();
  }

  getPeer(): string {
    return 'in-process';
  }

  getDeadline(): Deadline {
    return this.#options.deadline;
  }

  getHost(): string {
    return '';
  }

  getAuthContext(): AuthContext {
    return this.#options.peer;
  }

  getConnectionInfo(): ReturnType<ServerInterceptingCallInterface['getConnectionInfo']> {
    return {};
  }

  getMetricsRecorder(): never {
    throw new FederatedError('internal', 'a call in process records no metrics');
  }

  #deliver(bytes: Buffer): void {
    const bytesMax = this.decoder.maxReadMessageLength;
    if (bytes.length > bytesMax) {
      const details = `Received message larger than max (${bytes.length} vs ${bytesMax})`;
      this.sendStatus({ code: status.RESOURCE_EXHAUSTED, details });
      return;
    }
    let message: unknown;
    try {
      message = this.#codec!.requestDeserialize(bytes);
    } catch {
      this.sendStatus({ code: status.INTERNAL, details: 'Error deserializing request' });
      return;
    }
    soon(() => {
      if (!this.#over) this.#listener?.onReceiveMessage(message);
    });
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#requests.clear();
    soon(() => this.#listener?.onCancel());
  }
}

function soon(happen: () => void): void {
  setImmediate(happen);
}

/** undefined: for ever. */
function millisUntil(deadline: Deadline): number | undefined {
  const at = deadline instanceof Date ? deadline.getTime() : deadline;
  return Number.isFinite(at) ? Math.max(0, at - Date.now()) : undefined;
}
