import {
  type CoordinatorMessage,
  FederatedError,
  type ParticipantMessage,
  type ServedChunk,
  type Signed,
  toBase64url,
  type Verdict,
} from '@concordat/core';
import {
  authorizationInterceptor,
  createWideServer,
  nodeCrypto,
  openTlsFront,
  peerOfCall,
  serverSettings,
  type TlsFront,
} from '@concordat/node';
import {
  answerFromWire,
  assignmentToWire,
  chunkFromWire,
  chunkToWire,
  errorToWire,
  errorTrailer,
  type ReceivedCall,
  receiptToWire,
  servedChunkToWire,
  shownResultToWire,
  uploadBegunToWire,
  verdictFromWire,
  type Welcome,
  type wire,
} from '@concordat/proto';
import {
  type Metadata,
  Metadata as MetadataClass,
  type Server,
  type ServerWritableStream,
  type StatusObject,
} from '@grpc/grpc-js';
import type { EnrolledConsortium, SignedPlan } from './consortium.js';
import type { Evidence } from './evidence.js';
import type { ShownSums } from './shown-sums.js';
import { SpokenWire, type Tamper } from './spoken-wire.js';

/** Who decides what the server answers. */
export interface Script {
  readonly evidence: Evidence;
  readonly plan: SignedPlan;
  heard(from: string, message: ParticipantMessage, vector?: Uint8Array): Signed;
  /** Something else happened: a stream was opened or lost. */
  changed(): void;
  /** What a member is shown of opened sums; nothing unless it is there. */
  results(to: string): ShownSums | undefined;
  /** @returns the receipt of a verdict. */
  verdict(from: string, verdict: Verdict): Signed;
}

type Stream = ServerWritableStream<wire.CheckInRequest__Output, wire.Assignment>;
type Call = Parameters<typeof peerOfCall>[0] & { readonly metadata: Metadata };

/** What is too large, the client has to refuse. */
const noSendLimit = { 'grpc.max_send_message_length': -1 };

/** A coordinator's port with its own certificate: our TLS front, our codec, and whatever a script wants said. */
export class LyingServer {
  readonly #consortium: EnrolledConsortium;
  readonly #wire: SpokenWire;
  readonly #server: Server;
  readonly #streams = new Map<string, Stream>();
  readonly #sequences = new WeakMap<Stream, { last: number }>();
  #front!: TlsFront;
  #script!: Script;
  /** Changes the bytes of replies and assignments; see `SpokenWire`. */
  tamper: ((to: string, what: string) => Tamper | undefined) | undefined;
  /** Told of the bytes of whatever is sent. */
  listen: ((what: string, bytes: Buffer) => void) | undefined;
  /** A changed assignment was sent, and then the true one. */
  onTampered: (to: string) => void = () => undefined;
  /** A client was welcomed, for the first time or again. */
  onWelcomed: (to: string) => void = () => undefined;
  /** The signed roster it shows. */
  roster: wire.SignedRoster;
  #swapped: Uint8Array | undefined;

  private constructor(consortium: EnrolledConsortium, wire: SpokenWire) {
    this.#consortium = consortium;
    this.#wire = wire;
    this.roster = consortium.signedRoster;
    const interceptor = authorizationInterceptor(() => ({ allow: true, messageBytesMax: 2 ** 21 }));
    this.#server = createWideServer({ ...serverSettings, ...noSendLimit, interceptors: [interceptor] }).server;
  }

  static async listen(consortium: EnrolledConsortium): Promise<LyingServer> {
    const lying = new LyingServer(consortium, sharedWire());
    lying.#addServices();
    lying.#front = await openTlsFront({ server: lying.#server, host: '127.0.0.1', port: 0, ...consortium.tls });
    return lying;
  }

  get address(): string {
    return `127.0.0.1:${this.#front.port}`;
  }

  hear(script: Script): void {
    this.#script = script;
  }

  isConnected(name: string): boolean {
    return this.#streams.has(name);
  }

  /** Give this for whatever is asked for. */
  swapBlobs(blob: Uint8Array): void {
    this.#swapped = blob;
  }

  /** A participant that is gone hears nothing. */
  tell(to: string, runId: string, message: CoordinatorMessage | Welcome): void {
    const stream = this.#streams.get(to);
    if (stream === undefined) return;
    const sequence = this.#sequences.get(stream)!;
    const assignment = assignmentToWire({ sequence: ++sequence.last, runId, message });
    const what = message.type === 'session' ? message.frame.type : message.type;
    const change = this.tamper?.(to, what);
    if (change === undefined) return void stream.write(this.#changed(to, what, assignment));
    stream.write(this.#wire.tamper(assignment, change));
    stream.write(assignmentToWire({ sequence: ++sequence.last, runId, message }));
    this.onTampered(to);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.values()) stream.end();
    await this.#front.close(0);
    this.#server.forceShutdown();
  }

  #changed<Message extends object>(to: string, what: string, message: Message): Message {
    const change = this.tamper?.(to, what);
    if (change !== undefined) return this.#wire.tamper(message, change);
    const { listen } = this;
    if (listen === undefined) return message;
    return this.#wire.tamper(message, (bytes) => {
      listen(what, bytes);
      return bytes;
    });
  }

  #addServices(): void {
    const { services } = this.#wire;
    this.#server.addService(services.Rounds.service, this.#rounds());
    this.#server.addService(services.Plans.service, this.#plans());
    this.#server.addService(services.Membership.service, this.#membership());
    this.#server.addService(services.Blobs.service, this.#blobs());
    this.#server.addService(services.Results.service, this.#results());
    this.#server.addService(services.Health.service, {});
  }

  #rounds(): Partial<wire.RoundsHandlers> & Record<string, never> {
    const methods = ['Answer', 'Ready', 'Advertise', 'Share', 'Confirm', 'Certify', 'Reveal', 'Abort'] as const;
    const answers = methods.map((method) => [
      method,
      (call: Call & { readonly request: object }, reply: Reply) =>
        this.#unary(call, method, reply, (from) => {
          const { message } = answerFromWire({ method, request: call.request } as ReceivedCall);
          const receipt = receiptToWire(this.#script.heard(from, message));
          return this.#changed(
            from,
            `receipt ${message.type === 'session' ? message.frame.type : message.type}`,
            receipt,
          );
        }),
    ]);
    return { ...Object.fromEntries(answers), CheckIn: (call: Stream) => this.#checkIn(call) };
  }

  #plans(): Record<string, never> {
    const Get = (call: Call & { readonly request: object }, reply: Reply) =>
      this.#unary(call, 'Get', reply, (from) => {
        const { signed, plan: _ } = this.#script.plan;
        const { operator } = this.#consortium.operatorKeys;
        return this.#changed(from, 'plan', { plan: signed, operatorId: operator });
      });
    return { Get } as never;
  }

  #membership(): Record<string, never> {
    const Roster = (call: Call & { readonly request: object }, reply: Reply) =>
      this.#unary(call, 'Roster', reply, (from) => this.#changed(from, 'roster', { roster: this.roster }));
    return { Roster } as never;
  }

  #blobs(): Record<string, never> {
    const Get = (call: ServerWritableStream<wire.GetRequest__Output, wire.BlobChunk>) => {
      const from = this.#heard(call, 'Get', call.request);
      const digest = toBase64url(new Uint8Array(call.request.sha256));
      const blob = this.#swapped ?? this.#consortium.blobs.get(digest);
      if (blob === undefined)
        return void call.emit('error', failure(new FederatedError('invalid-argument', 'no such blob')));
      const first = { sizeBytes: blob.length, chunk: chunkToWire(0, blob) };
      const what = digest === toBase64url(nodeCrypto.sha256(this.#consortium.topology)) ? 'topology' : 'weights';
      call.write(this.#changed(from, what, first));
      call.end();
    };
    const UploadMaskedUpdate = (call: AsyncIterable<wire.UploadFrame__Output> & Call, reply: Reply) => {
      this.#upload(call).then(
        (receipt) => reply(null, receipt),
        (error: unknown) => reply(failure(error)),
      );
    };
    const BeginMaskedUpdate = (call: Call & { readonly request: object }, reply: Reply) =>
      this.#unary(call, 'BeginMaskedUpdate', reply, (from) => {
        return this.#changed(from, 'upload begun', uploadBegunToWire({ type: 'offset', committedOffset: 0 }));
      });
    return { Get, BeginMaskedUpdate, UploadMaskedUpdate } as never;
  }

  #results(): Record<string, never> {
    const shownTo = (to: string) => {
      const results = this.#script.results(to);
      if (results !== undefined) return results;
      throw new FederatedError('refused', 'nothing is kept here', { detail: { rule: 'result.unknown' } });
    };
    const Show = (call: Call & { readonly request: object }, reply: Reply) =>
      this.#unary(call, 'Show', reply, (from) => shownResultToWire(shownTo(from).show()));
    const Sign = (call: Call & { readonly request: wire.SignResultRequest__Output }, reply: Reply) =>
      this.#unary(call, 'Sign', reply, (from) => {
        return receiptToWire(this.#script.verdict(from, verdictFromWire(call.request)));
      });
    const serve =
      <Request extends object>(method: string, chunks: (sums: ShownSums, request: Request) => readonly ServedChunk[]) =>
      (call: ServerWritableStream<Request, wire.ServedChunk>) => {
        const from = this.#heard(call, method, call.request);
        for (const chunk of chunks(shownTo(from), call.request)) call.write(servedChunkToWire(chunk));
        call.end();
      };
    const Chunks = serve<wire.ChunksRequest__Output>('Chunks', (sums, { chunks }) => sums.chunks(chunks));
    const GroupChunks = serve<wire.GroupChunksRequest__Output>('GroupChunks', (sums, { group, chunks }) =>
      sums.groupChunks(group, chunks),
    );
    return { Show, Sign, Chunks, GroupChunks } as never;
  }

  async #upload(call: AsyncIterable<wire.UploadFrame__Output> & Call): Promise<wire.Receipt> {
    let header: wire.UploadHeader__Output | null | undefined;
    const pieces: Uint8Array[] = [];
    let from = '';
    for await (const frame of call) {
      from = this.#heard(call, 'UploadMaskedUpdate', frame);
      if (frame.frame === 'header') header = frame.header;
      else pieces.push(chunkFromWire(frame.chunk).data);
    }
    const { message } = answerFromWire({ method: 'UploadMaskedUpdate', request: header });
    const receipt = receiptToWire(this.#script.heard(from, message, new Uint8Array(Buffer.concat(pieces))));
    return this.#changed(from, 'receipt upload', receipt);
  }

  #checkIn(call: Stream): void {
    const from = this.#heard(call, 'CheckIn', call.request);
    const gone = () => {
      if (this.#streams.get(from) === call) this.#streams.delete(from);
      this.#script.changed();
    };
    for (const event of ['cancelled', 'error', 'close']) call.on(event, gone);
    this.#streams.set(from, call);
    this.#sequences.set(call, { last: 0 });
    const welcome = { type: 'welcome', wireVersion: 1, software: 'a liar', consortium: 'demo', receipts: [] } as const;
    this.tell(from, '', welcome);
    this.onWelcomed(from);
    this.#script.changed();
  }

  #unary(
    call: Call & { readonly request: object },
    method: string,
    reply: Reply,
    answer: (from: string) => object,
  ): void {
    try {
      reply(null, answer(this.#heard(call, method, call.request)));
    } catch (error) {
      reply(failure(error));
    }
  }

  /** Note what left the participant. @returns who it is, by its certificate. */
  #heard(call: Call, method: string, request: object): string {
    const from = peerOfCall(call)?.subject.id ?? 'nobody';
    const { evidence } = this.#script;
    evidence.hear(from, method, this.#wire.bytesOf(request));
    evidence.hear(from, `${method} headers`, Buffer.from(JSON.stringify(call.metadata.getMap())));
    return from;
  }
}

type Reply = (error: Partial<StatusObject> | null, value?: object) => void;

let wireOfAll: SpokenWire | undefined;

/** Parsing the .proto files takes some ten milliseconds: once. */
function sharedWire(): SpokenWire {
  wireOfAll ??= new SpokenWire();
  return wireOfAll;
}

function failure(error: unknown): Partial<StatusObject> {
  const { code, details, envelope } = errorToWire(error);
  const metadata = new MetadataClass();
  metadata.set(errorTrailer, Buffer.from(envelope));
  return { code, details, metadata };
}
