import {
  bounds,
  type CoordinatorMessage,
  FederatedError,
  type ParticipantMessage,
  type Signed,
  type SignedRoster,
  toBase64url,
} from '@concordat/core';
import {
  authorizationInterceptor,
  createWideServer,
  type InProcessServer,
  peerOfCall,
  serveInProcess,
  serverSettings,
} from '@concordat/node';
import {
  answerFromWire,
  assignmentToWire,
  type ConcordatPackage,
  chunkFromWire,
  chunkToWire,
  errorToWire,
  errorTrailer,
  guardDefinition,
  loaderOptions,
  protoFiles,
  type ReceivedCall,
  receiptToWire,
  uploadBegunToWire,
  type Welcome,
  type wire,
} from '@concordat/proto';
import { loadPackageDefinition, Metadata, type ServerWritableStream, type StatusObject } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** Decides what the server answers. What it throws is sent as a refusal. */
export interface TestDesk {
  readonly consortium: string;
  readonly roster: SignedRoster;
  plan(digest: string): { readonly signed: Signed; readonly operatorId: string } | undefined;
  /** @param digest SHA-256, base64url. */
  blob(to: string, digest: string): Uint8Array | undefined;
  /** @param vector the masked one behind its header. @returns the receipt. */
  heard(from: string, message: ParticipantMessage, vector?: Uint8Array): Signed;
  /** Its stream is open. */
  arrived(name: string): void;
  left(name: string): void;
}

type Call = Parameters<typeof peerOfCall>[0];
type Reply = (error: Partial<StatusObject> | null, value?: object) => void;
type CheckIn = ServerWritableStream<wire.CheckInRequest__Output, wire.Assignment>;

const methods = ['Answer', 'Ready', 'Advertise', 'Share', 'Confirm', 'Certify', 'Reveal', 'Abort'] as const;

let loaded: ConcordatPackage | undefined;

/** The services of a coordinator, reached without sockets: codecs, certificates and call handling are those of production. */
export class TestServer {
  readonly #desk: TestDesk;
  readonly #served: InProcessServer;
  readonly #streams = new Map<string, { readonly call: CheckIn; sequence: number }>();

  constructor(desk: TestDesk, authorityPem: string) {
    this.#desk = desk;
    const interceptors = [authorizationInterceptor(() => ({ allow: true, messageBytesMax }))];
    const { server } = createWideServer({ ...serverSettings, interceptors });
    // Parsing the .proto files takes some ten milliseconds: once per process.
    loaded ??= loadPackageDefinition(
      guardDefinition(loadSync([...protoFiles], loaderOptions)),
    ) as unknown as ConcordatPackage;
    const { Rounds, Plans, Membership, Blobs } = loaded.concordat.v1;
    server.addService(Rounds.service, this.#rounds());
    server.addService(Plans.service, this.#plans());
    server.addService(Membership.service, this.#membership());
    server.addService(Blobs.service, this.#blobs());
    this.#served = serveInProcess({ server, interceptors, authorityPem, messageBytesMax });
  }

  get transport(): InProcessServer['transport'] {
    return this.#served.transport;
  }

  /** Whoever is not connected hears nothing. */
  tell(to: string, runId: string, message: CoordinatorMessage | Welcome): void {
    const stream = this.#streams.get(to);
    stream?.call.write(assignmentToWire({ sequence: ++stream.sequence, runId, message }));
  }

  /** Break the stream of a participant, which connects again by itself. */
  disconnect(name: string): void {
    this.#streams.get(name)?.call.end();
  }

  async close(): Promise<void> {
    for (const { call } of this.#streams.values()) call.end();
    await this.#served.close(0);
  }

  #rounds(): never {
    const answers = methods.map((method) => [
      method,
      (call: Call & { readonly request: object }, reply: Reply) =>
        answer(call, reply, (from) => {
          const { message } = answerFromWire({ method, request: call.request } as ReceivedCall);
          return receiptToWire(this.#desk.heard(from, message));
        }),
    ]);
    return { ...Object.fromEntries(answers), CheckIn: (call: CheckIn) => this.#checkIn(call) } as never;
  }

  #plans(): never {
    const Get = (call: Call & { readonly request: wire.GetPlanRequest__Output }, reply: Reply) =>
      answer(call, reply, () => {
        const found = this.#desk.plan(toBase64url(new Uint8Array(call.request.planHash)));
        if (found === undefined) throw new FederatedError('invalid-argument', 'no such plan');
        return { plan: found.signed, operatorId: found.operatorId };
      });
    return { Get } as never;
  }

  #membership(): never {
    const Roster = (call: Call, reply: Reply) => answer(call, reply, () => ({ roster: this.#desk.roster }));
    return { Roster } as never;
  }

  #blobs(): never {
    const Get = (call: ServerWritableStream<wire.GetRequest__Output, wire.BlobChunk>) => {
      const digest = toBase64url(new Uint8Array(call.request.sha256));
      const blob = this.#desk.blob(nameOf(call), digest);
      if (blob === undefined) {
        call.emit('error', failure(new FederatedError('invalid-argument', 'no such blob')));
        return;
      }
      sendBlob(call, blob);
    };
    const BeginMaskedUpdate = (call: Call, reply: Reply) =>
      answer(call, reply, () => uploadBegunToWire({ type: 'offset', committedOffset: 0 }));
    const UploadMaskedUpdate = (call: AsyncIterable<wire.UploadFrame__Output> & Call, reply: Reply) => {
      this.#upload(call).then(
        (receipt) => reply(null, receipt),
        (error: unknown) => reply(failure(error)),
      );
    };
    return { Get, BeginMaskedUpdate, UploadMaskedUpdate } as never;
  }

  async #upload(call: AsyncIterable<wire.UploadFrame__Output> & Call): Promise<wire.Receipt> {
    const from = nameOf(call);
    let header: wire.UploadHeader__Output | null | undefined;
    const pieces: Uint8Array[] = [];
    for await (const frame of call) {
      if (frame.frame === 'header') header = frame.header;
      else pieces.push(chunkFromWire(frame.chunk).data);
    }
    const { message } = answerFromWire({ method: 'UploadMaskedUpdate', request: header });
    return receiptToWire(this.#desk.heard(from, message, new Uint8Array(Buffer.concat(pieces))));
  }

  #checkIn(call: CheckIn): void {
    const name = nameOf(call);
    const stream = { call, sequence: 0 };
    const gone = () => {
      if (this.#streams.get(name) !== stream) return;
      this.#streams.delete(name);
      this.#desk.left(name);
    };
    for (const event of ['cancelled', 'error', 'close']) call.on(event, gone);
    this.#streams.set(name, stream);
    const { consortium } = this.#desk;
    this.tell(name, '', { type: 'welcome', wireVersion: 1, software, consortium, receipts: [] });
    this.#desk.arrived(name);
  }
}

const messageBytesMax = 2 ** 21;
const software = 'concordat-test-coordinator';

function answer(call: Call, reply: Reply, say: (from: string) => object): void {
  try {
    reply(null, say(nameOf(call)));
  } catch (error) {
    reply(failure(error));
  }
}

function nameOf(call: Call): string {
  return peerOfCall(call)?.subject.id ?? '';
}

function sendBlob(call: ServerWritableStream<wire.GetRequest__Output, wire.BlobChunk>, blob: Uint8Array): void {
  call.write({ sizeBytes: blob.length });
  for (let at = Number(call.request.offset); at < blob.length; at += bounds.chunkBytes) {
    call.write({ chunk: chunkToWire(at, blob.subarray(at, at + bounds.chunkBytes)) });
  }
  call.end();
}

function failure(error: unknown): Partial<StatusObject> {
  const { code, details, envelope } = errorToWire(error);
  const metadata = new Metadata();
  metadata.set(errorTrailer, Buffer.from(envelope));
  return { code, details, metadata };
}
