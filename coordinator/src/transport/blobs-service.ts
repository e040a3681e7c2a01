import { bounds, type CryptoPort, FederatedError } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { answerFromWire, chunkFromWire, chunkToWire, receiptToWire, type wire } from '@concordat/proto';
import type { Traffic } from '../run/traffic.js';
import type { RunDesk } from '../run-desk.js';
import type { Store } from '../store/store.js';
import { type Caller, participantOf } from './caller.js';
import { type CallContext, clientStream, serverStream } from './handlers.js';
import { receiveMaskedUpload } from './masked-upload.js';

export interface BlobsServiceOptions extends CallContext {
  readonly store: Store;
  readonly runs: RunDesk;
  readonly crypto: CryptoPort;
  readonly traffic: Traffic;
  readonly clock: Clock;
}

/** Bulk bytes: masked vectors up; models and their topology down, and up from operators. */
export function blobsService(options: BlobsServiceOptions): wire.BlobsHandlers {
  return {
    UploadMaskedUpdate: clientStream<wire.UploadFrame__Output, wire.Receipt>(options, (frames, caller) =>
      upload(options, frames[Symbol.asyncIterator](), caller),
    ),
    Put: clientStream<wire.PutFrame__Output, wire.PutReply>(options, (frames) =>
      put(options, frames[Symbol.asyncIterator]()),
    ),
    Get: serverStream<wire.GetRequest__Output, wire.BlobChunk>(options, (request, caller) =>
      get(options, request, caller),
    ),
  };
}

async function upload(
  options: BlobsServiceOptions,
  frames: AsyncIterator<wire.UploadFrame__Output>,
  caller: Caller,
): Promise<wire.Receipt> {
  const { id } = participantOf(caller);
  const first = await frames.next();
  const request = first.done === true ? undefined : first.value.header;
  const { runId, message } = answerFromWire({ method: 'UploadMaskedUpdate', request });
  const run = options.runs.require(runId);
  const answer = await run.message(id, message);
  if (answer.type === 'accepted') return receiptToWire(answer.receipt);
  const { crypto, traffic, clock, store } = options;
  const { expected } = answer;
  return receiptToWire(
    await receiveMaskedUpload({ run, expected, frames, spool: store.spool, crypto, traffic, clock }),
  );
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
  { store, traffic }: BlobsServiceOptions,
  { sha256, offset }: wire.GetRequest__Output,
  caller: Caller,
): AsyncGenerator<wire.BlobChunk> {
  const sizeBytes = await store.blobs.sizeBytes(sha256);
  if (offset > sizeBytes || offset < 0 || offset > bounds.modelBytesMax) {
    throw new FederatedError('invalid-argument', 'the offset is behind the end', {
      detail: { required: sizeBytes, offered: offset },
    });
  }
  let first = true;
  for await (const piece of store.blobs.read(sha256, offset)) {
    if (caller.role === 'participant') traffic.down(caller.id, piece.data.byteLength);
    yield { ...(first ? { sizeBytes } : {}), chunk: chunkToWire(piece.offset, piece.data) };
    first = false;
  }
  if (first) yield { sizeBytes };
}
