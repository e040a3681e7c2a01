import { bounds, type CryptoPort, FederatedError, type Signed } from '@concordat/core';
import type { Clock, Garbage } from '@concordat/node';
import { answerFromWire, chunkFromWire, receiptToWire, uploadBegunToWire, type wire } from '@concordat/proto';
import type * as grpc from '@grpc/grpc-js';
import type { Traffic } from '../run/traffic.js';
import type { RunDesk } from '../run-desk.js';
import type { Store } from '../store/store.js';
import type { BlobPieces } from './blob-pieces.js';
import { type Caller, participantOf } from './caller.js';
import { type CallContext, clientStream, serverStream, unary } from './handlers.js';
import { type AnnouncedUpload, beginMaskedUpload, receiveMaskedUpload } from './masked-upload.js';

export interface BlobsServiceOptions extends CallContext {
  readonly store: Store;
  readonly pieces: BlobPieces;
  readonly garbage: Garbage;
  readonly runs: RunDesk;
  readonly crypto: CryptoPort;
  readonly traffic: Traffic;
  readonly clock: Clock;
}

/** Of the service as it is served: what `Get` sends is encoded already. */
export interface BlobsHandlers extends grpc.UntypedServiceImplementation {
  readonly BeginMaskedUpdate: wire.BlobsHandlers['BeginMaskedUpdate'];
  readonly UploadMaskedUpdate: wire.BlobsHandlers['UploadMaskedUpdate'];
  readonly Put: wire.BlobsHandlers['Put'];
  readonly Get: grpc.handleServerStreamingCall<wire.GetRequest__Output, Buffer>;
}

/** Bulk bytes: masked vectors up; models and their topology down, and up from operators. */
export function blobsService(options: BlobsServiceOptions): BlobsHandlers {
  return {
    BeginMaskedUpdate: unary<wire.UploadHeader__Output, wire.UploadBegun>(options, (header, caller) =>
      begin(options, header, caller),
    ),
    UploadMaskedUpdate: clientStream<wire.UploadFrame__Output, wire.Receipt>(options, (frames, caller) =>
      upload(options, frames[Symbol.asyncIterator](), caller),
    ),
    Put: clientStream<wire.PutFrame__Output, wire.PutReply>(options, (frames) =>
      put(options, frames[Symbol.asyncIterator]()),
    ),
    Get: serverStream<wire.GetRequest__Output, Buffer>(options, (request, caller) => get(options, request, caller)),
  };
}

async function begin(
  options: BlobsServiceOptions,
  header: wire.UploadHeader__Output,
  caller: Caller,
): Promise<wire.UploadBegun> {
  const announced = await announce(options, header, caller);
  return uploadBegunToWire('receipt' in announced ? announced : await beginMaskedUpload(announced));
}

async function upload(
  options: BlobsServiceOptions,
  frames: AsyncIterator<wire.UploadFrame__Output>,
  caller: Caller,
): Promise<wire.Receipt> {
  const first = await frames.next();
  const announced = await announce(options, first.done === true ? undefined : first.value.header, caller);
  if ('receipt' in announced) return receiptToWire(announced.receipt);
  const { traffic, clock, garbage } = options;
  return receiptToWire(await receiveMaskedUpload({ ...announced, frames, traffic, clock, garbage }));
}

/** The machine looks at a header; its length is the plan's, or it is refused. A vector that is in has its receipt. */
async function announce(
  { runs, crypto, store }: BlobsServiceOptions,
  request: wire.UploadHeader__Output | null | undefined,
  caller: Caller,
): Promise<AnnouncedUpload | { readonly type: 'complete'; readonly receipt: Signed }> {
  const { id } = participantOf(caller);
  const { runId, message } = answerFromWire({ method: 'UploadMaskedUpdate', request });
  const run = runs.require(runId);
  const answer = await run.message(id, message);
  if (answer.type === 'accepted') return { type: 'complete', receipt: answer.receipt };
  return { run, expected: answer.expected, spool: store.spool, crypto };
}

async function put(
  { store }: BlobsServiceOptions,
  frames: AsyncIterator<wire.PutFrame__Output>,
): Promise<wire.PutReply> {
  const first = await frames.next();
  const header = first.done === true ? undefined : first.value.header;
  if (header?.sha256.byteLength !== 32) {
    throw new FederatedError('malformed', 'a blob starts with its digest and size');
  }
  const sha256 = new Uint8Array(header.sha256);
  await store.blobs.receive(sha256, header.sizeBytes, chunksOf(frames));
  return { sha256 };
}

async function* chunksOf(frames: AsyncIterator<wire.PutFrame__Output>): AsyncGenerator<Uint8Array> {
  let expected = 0;
  for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
    const { offset, data } = chunkFromWire(next.value.chunk);
    if (offset !== expected) {
      throw new FederatedError('malformed', 'a chunk does not follow the one before', {
        detail: { required: expected, offered: offset },
      });
    }
    expected += data.byteLength;
    yield data;
  }
}

async function* get(
  { store, pieces, traffic, garbage }: BlobsServiceOptions,
  { sha256, offset }: wire.GetRequest__Output,
  caller: Caller,
): AsyncGenerator<Buffer> {
  const sizeBytes = await store.blobs.sizeBytes(sha256);
  if (offset > sizeBytes || offset < 0 || offset > bounds.modelBytesMax) {
    throw new FederatedError('invalid-argument', 'the offset is behind the end', {
      detail: { required: sizeBytes, offered: offset },
    });
  }
  for await (const { encoded, payloadBytes } of pieces.from(sha256, offset, sizeBytes)) {
    if (caller.role === 'participant') traffic.down(caller.id, payloadBytes);
    yield encoded;
    // The copy behind the prefix of a gRPC message.
    garbage.made(payloadBytes);
  }
}
