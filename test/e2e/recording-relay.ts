import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ParticipantMessage } from '@concordat/core';
import { createWideServer, openTlsFront, serverSettings, type TlsFront, tlsTransport } from '@concordat/node';
import {
  answerFromWire,
  assignmentFromWire,
  chunkFromWire,
  guardDefinition,
  loaderOptions,
  protoFiles,
  type ReceivedCall,
  sessionCodec,
  type wire,
} from '@concordat/proto';
import {
  Client,
  credentials,
  type Metadata,
  type Server,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Evidence } from '../hostile/evidence.js';

interface Method {
  readonly path: string;
  readonly originalName: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestDeserialize(bytes: Buffer): object;
  responseDeserialize(bytes: Buffer): object;
}

export interface RecordingRelayOptions {
  readonly participant: string;
  /** Of the participant: the relay dials on with its certificate. */
  readonly directory: string;
  /** Of the coordinator: the relay answers with its certificate. */
  readonly tls: { readonly certificatePem: string; readonly privateKeyPem: string; readonly authorityPem: string };
  /** host:port of the coordinator. */
  readonly address: () => string;
  readonly evidence: Evidence;
  /** May say something else before a call is passed on, or hold it; check-ins go by. */
  readonly interpose?: (call: RelayedCall) => Promise<readonly Buffer[]>;
}

/** What a participant sends in one call. */
export interface RelayedCall {
  /** e.g. `/concordat.v1.Rounds/Ready`. */
  readonly path: string;
  /** Its messages: one, or every frame of an upload. */
  readonly frames: readonly Buffer[];
  /** Send frames in a call of the same method. @returns what is answered. @throws ServiceError what it is refused with. */
  send(frames: readonly Buffer[]): Promise<readonly Buffer[]>;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** Stands before a coordinator for one participant: passes every message on unchanged and notes what left, over all its lives. */
export class RecordingRelay {
  readonly #options: RecordingRelayOptions;
  readonly #server: Server;
  #front!: TlsFront;
  #upstream: Client | undefined;
  /** Run and round → the cohort it was shown. */
  readonly #cohorts = new Map<string, readonly string[]>();
  /** Run and round → the longest beginning of a masked vector that left. */
  readonly #vectors = new Map<string, Buffer>();

  private constructor(options: RecordingRelayOptions) {
    this.#options = options;
    this.#server = createWideServer(serverSettings).server;
  }

  static async listen(options: RecordingRelayOptions): Promise<RecordingRelay> {
    const relay = new RecordingRelay(options);
    const definition = guardDefinition(loadSync([...protoFiles], loaderOptions));
    for (const service of Object.values(definition)) {
      if ('format' in service) continue;
      for (const method of Object.values(service)) relay.#register(method as unknown as Method);
    }
    relay.#front = await openTlsFront({ server: relay.#server, host: '127.0.0.1', port: 0, ...options.tls });
    return relay;
  }

  get address(): string {
    return `127.0.0.1:${this.#front.port}`;
  }

  async close(): Promise<void> {
    await this.#front.close(0);
    this.#server.forceShutdown();
    this.#upstream?.close();
  }

  #register(method: Method): void {
    const register = (type: string, handler: unknown) =>
      this.#server.register(method.path, handler as never, asIs, asIs, type);
    if (method.requestStream) register('clientStream', this.#clientStream(method));
    else if (method.responseStream) register('serverStream', this.#serverStream(method));
    else register('unary', this.#unary(method));
  }

  #unary(method: Method) {
    return (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
      this.#noteCall(method, call.request, call.metadata);
      this.#pass(method, [call.request]).then(
        ([value]) => reply(null, value!),
        (error: ServiceError) => reply(error),
      );
    };
  }

  #serverStream(method: Method) {
    return (call: ServerWritableStream<Buffer, Buffer>) => {
      this.#options.evidence.hear(this.#options.participant, method.originalName, call.request);
      if (method.originalName !== 'checkIn' && this.#options.interpose !== undefined) {
        this.#pass(method, [call.request]).then(
          (replies) => {
            for (const bytes of replies) call.write(bytes);
            call.end();
          },
          (error: ServiceError) => call.emit('error', error),
        );
        return;
      }
      const upstream = this.#client().makeServerStreamRequest(method.path, asIs, asIs, call.request);
      upstream.on('data', (bytes: Buffer) => {
        if (method.originalName === 'checkIn') this.#noteAssignment(method, bytes);
        call.write(bytes);
      });
      upstream.on('end', () => call.end());
      upstream.on('error', (error: ServiceError) => call.emit('error', error));
      for (const event of ['cancelled', 'close', 'error']) call.on(event, () => upstream.cancel());
    };
  }

  #clientStream(method: Method) {
    return (call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
      if (this.#options.interpose !== undefined) {
        this.#holdUpload(method, call, reply);
        return;
      }
      const upstream = this.#client().makeClientStreamRequest(method.path, asIs, asIs, (error, value) =>
        reply(error, value),
      );
      upstream.on('error', () => undefined);
      const upload = new RelayedUpload();
      call.on('data', (bytes: Buffer) => {
        this.#options.evidence.hear(this.#options.participant, method.originalName, bytes);
        if (method.originalName === 'uploadMaskedUpdate') {
          upload.take(method.requestDeserialize(bytes) as wire.UploadFrame__Output);
          this.#noteUpload(upload);
        }
        upstream.write(bytes);
      });
      call.on('end', () => upstream.end());
      for (const event of ['cancelled', 'error']) call.on(event, () => upstream.cancel());
    };
  }

  /** An upload is passed on once all of it is here. */
  #holdUpload(method: Method, call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void {
    const frames: Buffer[] = [];
    const upload = new RelayedUpload();
    call.on('data', (bytes: Buffer) => {
      frames.push(bytes);
      this.#options.evidence.hear(this.#options.participant, method.originalName, bytes);
      upload.take(method.requestDeserialize(bytes) as wire.UploadFrame__Output);
      this.#noteUpload(upload);
    });
    call.on('end', () => {
      this.#pass(method, frames).then(
        ([value]) => reply(null, value!),
        (error: ServiceError) => reply(error),
      );
    });
    call.on('error', () => undefined);
  }

  #pass(method: Method, frames: readonly Buffer[]): Promise<readonly Buffer[]> {
    const send = (others: readonly Buffer[]) => sendFrames(this.#client(), method, others);
    return this.#options.interpose?.({ path: method.path, frames, send }) ?? send(frames);
  }

  #noteCall(method: Method, bytes: Buffer, metadata: Metadata): void {
    const { evidence, participant } = this.#options;
    evidence.hear(participant, method.originalName, bytes);
    evidence.hear(participant, `${method.originalName} headers`, Buffer.from(JSON.stringify(metadata.getMap())));
    const name = method.path.split('/').at(-1)!;
    if (name === 'BeginMaskedUpdate') {
      this.#noteHeader(method.requestDeserialize(bytes) as wire.UploadHeader__Output);
      return;
    }
    if (!method.path.startsWith('/concordat.v1.Rounds/') || name === 'Receipts') return;
    const { runId, message } = answerFromWire({
      method: name,
      request: method.requestDeserialize(bytes),
    } as ReceivedCall);
    this.#noteAnswer(runId, message);
  }

  #noteAnswer(runId: string, message: ParticipantMessage): void {
    if (message.type !== 'session') return;
    const session = `${runId}/${message.round}`;
    const { evidence, participant } = this.#options;
    evidence.say({ from: participant, session, frame: message.frame, cohort: this.#cohorts.get(session) ?? [] });
  }

  /** @returns the session it is said in. */
  #noteHeader(header: wire.UploadHeader__Output): string | undefined {
    const { runId, message } = answerFromWire({ method: 'UploadMaskedUpdate', request: header });
    this.#noteAnswer(runId, message);
    return message.type === 'session' ? `${runId}/${message.round}` : undefined;
  }

  #noteUpload({ header, offset, vector }: RelayedUpload): void {
    const session = header === undefined ? undefined : this.#noteHeader(header);
    if (session === undefined) return;
    const before = this.#vectors.get(session) ?? Buffer.alloc(0);
    // An upload that is gone on with begins where an earlier one was.
    const whole = Buffer.concat([before.subarray(0, offset), vector]);
    const common = Math.min(before.length, whole.length);
    const { evidence, participant } = this.#options;
    if (before.compare(whole, 0, common, 0, common) !== 0) {
      evidence.vector(participant, session, before);
      evidence.vector(participant, session, whole);
    }
    if (whole.length > before.length) this.#vectors.set(session, whole);
  }

  #noteAssignment(method: Method, bytes: Buffer): void {
    const { runId, message } = assignmentFromWire(method.responseDeserialize(bytes) as wire.Assignment__Output);
    if (message.type !== 'session' || message.frame.type !== 'cohort') return;
    const names = message.frame.adverts.map(({ body }) => sessionCodec.advert.decode(body).participantId);
    this.#cohorts.set(`${runId}/${message.round}`, names);
  }

  #client(): Client {
    if (this.#upstream !== undefined) return this.#upstream;
    const { directory, tls, address } = this.#options;
    const read = (file: string) => readFileSync(join(directory, file), 'utf8');
    const own = { certificatePem: read('certificate.pem'), privateKeyPem: read('tls.key') };
    const channelOverride = tlsTransport.channel(address(), { ...own, authorityPem: tls.authorityPem });
    this.#upstream = new Client(address(), credentials.createInsecure(), { channelOverride });
    return this.#upstream;
  }
}

/** One call with these messages, as they are. @returns every message it is answered with. */
function sendFrames(
  client: Client,
  { path, requestStream, responseStream }: Method,
  frames: readonly Buffer[],
): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const answered = (error: ServiceError | null, value?: Buffer) =>
      error === null ? resolve([value!]) : reject(error);
    if (requestStream) {
      const stream = client.makeClientStreamRequest(path, asIs, asIs, answered);
      stream.on('error', () => undefined);
      for (const frame of frames) stream.write(frame);
      stream.end();
    } else if (responseStream) {
      const replies: Buffer[] = [];
      const stream = client.makeServerStreamRequest(path, asIs, asIs, frames[0]!);
      stream.on('data', (bytes: Buffer) => replies.push(bytes));
      stream.on('end', () => resolve(replies));
      stream.on('error', reject);
    } else client.makeUnaryRequest(path, asIs, asIs, frames[0]!, answered);
  });
}

/** One stream of a masked vector on its way. */
class RelayedUpload {
  header: wire.UploadHeader__Output | undefined;
  /** Of its first byte in the vector. */
  offset = 0;
  vector = Buffer.alloc(0);

  take(frame: wire.UploadFrame__Output): void {
    if (frame.header) {
      this.header = frame.header;
      return;
    }
    const { offset, data } = chunkFromWire(frame.chunk);
    if (this.vector.length === 0) this.offset = offset;
    this.vector = Buffer.concat([this.vector, data]);
  }
}
