import { setTimeout as sleep } from 'node:timers/promises';
import { bounds, FederatedError, type Signed } from '@concordat/core';
import { answerToWire, chunkToWire, receiptFromWire, type wire } from '@concordat/proto';
import type { ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { callError } from './call-error.js';
import type { CoordinatorChannel } from './coordinator-channel.js';

/** Writes per second of a throttled upload: small and even, so that a slow line is shared fairly. */
const writesPerSecond = 20;

export interface MaskedUpload {
  readonly runId: string;
  readonly round: number;
  /** The signed header. */
  readonly header: Signed;
  readonly lengthBytes: number;
  /** The spooled vector from its first byte, in pieces of the size asked for. */
  readonly read: (pieceBytes: number) => AsyncIterable<Uint8Array>;
  /** Milliseconds of `performance.now()`. */
  readonly deadline: number;
  readonly bytesPerSecond?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (bytesSent: number) => void;
}

/**
 * Send a masked vector in one stream: the signed header, then its chunks in order, each with its CRC-32.
 *
 * @returns the coordinator's receipt; its signature is the caller's to check.
 * @throws as every call; a broken stream may be repeated from the first byte.
 */
export async function uploadMasked(channel: CoordinatorChannel, upload: MaskedUpload): Promise<Signed> {
  const { runId, round, header, signal } = upload;
  signal.throwIfAborted();
  const call = answerToWire({ runId, message: { type: 'session', round, frame: { type: 'upload', upload: header } } });
  if (call.method !== 'UploadMaskedUpdate') throw new FederatedError('internal', 'not an upload header');
  let stream: ClientWritableStream<wire.UploadFrame> | undefined;
  const cancel = (): void => stream?.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const remaining = Math.max(0, upload.deadline - performance.now());
    const receipt = new Promise<wire.Receipt__Output>((resolve, reject) => {
      stream = channel.openUpload(new Date(Date.now() + remaining), (error: ServiceError | null, reply) => {
        if (error === null && reply !== undefined) resolve(reply);
        else reject(callError(error, channel.address));
      });
      // The callback tells what went wrong; without a listener the same error would end the process.
      stream.on('error', () => undefined);
    });
    // The server may answer, usually with an error, before everything is sent: then sending stops.
    let answered = false;
    const answer = receipt.finally(() => {
      answered = true;
    });
    answer.catch(() => undefined);
    await sendFrames(stream!, call.request, upload, () => answered);
    return receiptFromWire(await answer);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function sendFrames(
  stream: ClientWritableStream<wire.UploadFrame>,
  header: wire.UploadFrame,
  upload: MaskedUpload,
  answered: () => boolean,
): Promise<void> {
  const { bytesPerSecond } = upload;
  const pieceBytes =
    bytesPerSecond === undefined
      ? bounds.frameBytes
      : Math.max(512, Math.min(bounds.frameBytes, Math.floor(bytesPerSecond / writesPerSecond)));
  const startedAt = performance.now();
  let sent = 0;
  await write(stream, header);
  for await (const data of upload.read(pieceBytes)) {
    if (answered() || upload.signal.aborted) return;
    await write(stream, { chunk: chunkToWire(sent, data) });
    sent += data.length;
    upload.onProgress(sent);
    if (bytesPerSecond !== undefined) await untilDue(startedAt + (1000 * sent) / bytesPerSecond, upload.signal);
  }
  if (sent !== upload.lengthBytes) {
    stream.cancel();
    throw new FederatedError('internal', 'the spooled vector has another length than its header', {
      detail: { required: upload.lengthBytes, offered: sent },
    });
  }
  stream.end();
}

// Resolves when gRPC has taken the bytes, also when the call has ended: the answer says how.
function write(stream: ClientWritableStream<wire.UploadFrame>, frame: wire.UploadFrame): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write(frame, () => resolve());
  });
}

async function untilDue(due: number, signal: AbortSignal): Promise<void> {
  const wait = due - performance.now();
  if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
}
