import { createHash } from 'node:crypto';
import { bounds, FederatedError, type Signed, toHex } from '@concordat/core';
import {
  type AnswerCall,
  chunkFromWire,
  receiptFromWire,
  type SignedRosterFrame,
  signedFromWire,
  signedRosterFromWire,
  type wire,
} from '@concordat/proto';
import type { CallOptions, ClientReadableStream, requestCallback } from '@grpc/grpc-js';
import { callError } from './call-error.js';
import { secureChannel, type TlsMaterial } from './credentials.js';
import { wireServices } from './services.js';

/** For each unary call; a phase's own deadline ends its repetition. */
const callMillis = 10_000;
/** Without a byte for so long a download is given up. */
const silenceMillis = 15_000;

/** A unary answer, every call of `Rounds` but the stream. */
export type UnaryAnswer = Exclude<AnswerCall, { method: 'UploadMaskedUpdate' }>;

/** What a call would put on the wire. */
export interface Payload {
  readonly bytes: number;
  /** SHA-256 of the encoded request, lower-case hex. */
  readonly digest: string;
}

/** One channel to the coordinator, outbound, mutually authenticated. Every method makes one attempt. */
export class CoordinatorChannel {
  readonly address: string;
  readonly #membership: wire.MembershipClient;
  readonly #plans: wire.PlansClient;
  readonly #rounds: wire.RoundsClient;
  readonly #blobs: wire.BlobsClient;

  constructor(address: string, material: TlsMaterial) {
    this.address = address;
    const services = wireServices();
    const { credentials, options } = secureChannel(address, material);
    this.#rounds = new services.Rounds(address, credentials, options);
    // One connection for all services.
    const shared = { ...options, channelOverride: this.#rounds.getChannel() };
    this.#membership = new services.Membership(address, credentials, shared);
    this.#plans = new services.Plans(address, credentials, shared);
    this.#blobs = new services.Blobs(address, credentials, shared);
  }

  close(): void {
    this.#rounds.close();
  }

  async enroll(request: wire.EnrollRequest): Promise<wire.EnrollReply__Output> {
    return this.#unary((options, done) => this.#membership.Enroll(request, options, done));
  }

  async enrollment(request: wire.EnrollmentRequest): Promise<wire.EnrollReply__Output> {
    return this.#unary((options, done) => this.#membership.Enrollment(request, options, done));
  }

  /** The latest epoch; signatures are the caller's to check. */
  async roster(): Promise<SignedRosterFrame> {
    const reply = await this.#unary<wire.RosterReply__Output>((options, done) =>
      this.#membership.Roster({}, options, done),
    );
    return signedRosterFromWire(reply.roster);
  }

  /** A plan by its hash; digest and signature are the caller's to check. */
  async plan(planHash: Uint8Array): Promise<Signed> {
    const reply = await this.#unary<wire.GetPlanReply__Output>((options, done) =>
      this.#plans.Get({ planHash }, options, done),
    );
    return signedFromWire(reply.plan, bounds.planBytesMax);
  }

  /** @returns the receipt; its signature is the caller's to check. */
  async answer({ method, request }: UnaryAnswer): Promise<Signed> {
    const reply = await this.#unary<wire.Receipt__Output>((options, done) => {
      const call = this.#rounds[method] as (
        request: UnaryAnswer['request'],
        options: CallOptions,
        done: requestCallback<wire.Receipt__Output>,
      ) => unknown;
      return call.call(this.#rounds, request, options, done);
    });
    return receiptFromWire(reply);
  }

  /** Size and digest of a call's request. */
  payloadOf({ method, request }: UnaryAnswer): Payload {
    const encode = wireServices().Rounds.service[method].requestSerialize as (request: object) => Buffer;
    const encoded = encode(request);
    return { bytes: encoded.length, digest: createHash('sha256').update(encoded).digest('hex') };
  }

  checkIn(request: wire.CheckInRequest): ClientReadableStream<wire.Assignment__Output> {
    return this.#rounds.CheckIn(request);
  }

  /** The bulk stream; frames and receipt are the caller's. Cancelled at the deadline. */
  openUpload(deadline: Date, done: requestCallback<wire.Receipt__Output>) {
    return this.#blobs.UploadMaskedUpdate({ deadline }, done);
  }

  /**
   * A blob by its digest.
   *
   * @param bytesMax largest size accepted; checked before anything is allocated.
   * @throws `verification` when the bytes have another digest; `malformed` for gaps or a larger size.
   */
  async blob(sha256: Uint8Array, bytesMax: number, signal: AbortSignal): Promise<Uint8Array> {
    const call = this.#blobs.Get({ sha256, offset: 0 });
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    let timer = setTimeout(cancel, silenceMillis);
    let blob: Uint8Array | undefined;
    let received = 0;
    try {
      for await (const message of call as AsyncIterable<wire.BlobChunk__Output>) {
        clearTimeout(timer);
        timer = setTimeout(cancel, silenceMillis);
        blob ??= allocate(message.sizeBytes, bytesMax);
        if (message.chunk === null && blob.length === 0) continue;
        const { offset, data } = chunkFromWire(message.chunk);
        if (offset !== received || offset + data.length > blob.length) throw gap(received, offset);
        blob.set(data, offset);
        received += data.length;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw callError(error, this.address);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      call.cancel();
    }
    if (blob === undefined || received !== blob.length) throw gap(blob?.length ?? 0, received);
    const digest = createHash('sha256').update(blob).digest();
    if (!digest.equals(sha256)) {
      throw new FederatedError('verification', 'the blob has another digest than was asked for', {
        detail: { required: toHex(sha256), offered: toHex(digest) },
      });
    }
    return blob;
  }

  #unary<Reply>(call: (options: CallOptions, done: requestCallback<Reply>) => unknown): Promise<Reply> {
    return new Promise((resolve, reject) => {
      call({ deadline: new Date(Date.now() + callMillis) }, (error, reply) => {
        if (error === null && reply !== undefined) resolve(reply);
        else reject(callError(error, this.address));
      });
    });
  }
}

function allocate(sizeBytes: number, bytesMax: number): Uint8Array {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0 && sizeBytes <= bytesMax) return new Uint8Array(sizeBytes);
  throw new FederatedError('malformed', 'the blob is larger than it can be', {
    detail: { required: bytesMax, offered: sizeBytes },
  });
}

function gap(required: number, offered: number): FederatedError {
  return new FederatedError('malformed', 'the blob has a gap or ends early', { detail: { required, offered } });
}
