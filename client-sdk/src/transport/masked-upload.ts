import { type FileHandle, open } from 'node:fs/promises';
import { bounds, FederatedError, type Signed } from '@concordat/core';
import type { Clock } from '@concordat/node';
import {
  answerToWire,
  chunkToWire,
  receiptFromWire,
  requireDecoded,
  type UploadBegun,
  uploadBegunFromWire,
  type wire,
} from '@concordat/proto';
import type { ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { explain, isStopped, stopped } from './failures.js';
import type { Services } from './services.js';
import { callOnce } from './unary.js';

/** A masked vector that lies in the spool, and its signed header. */
export interface MaskedUpload {
  readonly runId: string;
  readonly round: number;
  /** `UploadBody`, signed by the participant. */
  readonly header: Signed;
  /** The spooled masked vector. */
  readonly path: string;
  readonly lengthBytes: number;
  /** Unlimited unless said. */
  readonly uploadBytesPerSecond?: number | undefined;
  /** After each piece that the socket took. A repeated upload starts from what the coordinator holds. */
  readonly onProgress?: ((bytesSent: number, bytesTotal: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface UploadPorts {
  readonly blobs: Services['blobs'];
  readonly address: string;
  readonly clock: Clock;
}

/** A throttled upload writes about this often: small and even, so that a slow line is shared fairly. */
const paceMillis = 50;
const pieceBytesMin = 1_024;
/** Read from the disk at once, and written without waiting in between, on a line that is not throttled. */
const piecesRead = 8;
/** A coordinator that was restarted reads what it holds before it answers: a gigabyte in some seconds. */
const beginMillis = 15_000;

/**
 * One attempt to send a masked vector: ask what of it is there, then the signed header and the rest of the file in order. A vector of one
 * chunk is all there or not at all, and is sent without the question.
 *
 * @returns the receipt, not yet checked; it comes without a byte when the coordinator holds the vector already.
 * @throws the coordinator's refusal; `unavailable`, `deadline`; `malformed` for an offset that cannot be; `state-lost` when the file is
 *   shorter than announced.
 */
export async function sendMaskedUpdate(
  ports: UploadPorts,
  upload: MaskedUpload,
  deadlineMillis: number,
): Promise<Signed> {
  if (upload.lengthBytes <= bounds.chunkBytes) return sendFrom(ports, upload, 0, deadlineMillis);
  const { clock } = ports;
  const end = clock.monotonicMillis() + deadlineMillis;
  const begun = await begin(ports, upload, Math.min(deadlineMillis, beginMillis));
  if (begun.type === 'complete') return begun.receipt;
  const left = Math.max(1, end - clock.monotonicMillis());
  return sendFrom(ports, upload, begun.committedOffset, left);
}

async function begin({ blobs, address }: UploadPorts, upload: MaskedUpload, millis: number): Promise<UploadBegun> {
  const method = blobs.BeginMaskedUpdate.bind(blobs);
  const limits = { address, deadlineMillis: millis, signal: upload.signal };
  const begun = await callOnce<wire.UploadHeader, wire.UploadBegun__Output>(method, headerOf(upload), limits);
  return uploadBegunFromWire(begun, upload.lengthBytes);
}

function headerOf({ runId, round, header }: MaskedUpload): wire.UploadHeader {
  const message = { type: 'session', round, frame: { type: 'upload', upload: header } } as const;
  return (answerToWire({ runId, message }).request as wire.UploadFrame).header!;
}

async function sendFrom(
  ports: UploadPorts,
  upload: MaskedUpload,
  offset: number,
  deadlineMillis: number,
): Promise<Signed> {
  const { signal } = upload;
  if (isStopped(signal)) throw stopped(signal);
  const file = await open(upload.path, 'r');
  let cancel = noop;
  try {
    const stream = openStream(ports, deadlineMillis);
    cancel = () => stream.call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    await sendFrames(ports.clock, stream, file, { ...upload, offset });
    return receiptFromWire(requireDecoded(await stream.receipt));
  } catch (error) {
    throw isStopped(signal) ? stopped(signal) : explain(error, ports.address);
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
    await file.close();
  }
}

interface UploadStream {
  readonly call: ClientWritableStream<wire.UploadFrame>;
  readonly receipt: Promise<wire.Receipt__Output>;
  /** Resolves when the call is over, well or not. */
  readonly over: Promise<void>;
  isOver: boolean;
}

function openStream({ blobs }: UploadPorts, deadlineMillis: number): UploadStream {
  let finish: (error: ServiceError | null, reply?: wire.Receipt__Output) => void = noop;
  const receipt = new Promise<wire.Receipt__Output>((resolve, reject) => {
    finish = (error, reply) => {
      if (error !== null) reject(error);
      else if (reply === undefined) reject(new FederatedError('malformed', 'the coordinator sent an empty answer'));
      else resolve(reply);
    };
  });
  const call = blobs.UploadMaskedUpdate({ deadline: Date.now() + deadlineMillis }, (error, reply) =>
    finish(error, reply),
  );
  // The callback above tells what went wrong; without a listener the same error would end the process.
  call.on('error', noop);
  const stream: UploadStream = { call, receipt, isOver: false, over: receipt.then(noop, noop) };
  void stream.over.then(() => {
    stream.isOver = true;
  });
  return stream;
}

async function sendFrames(
  clock: Clock,
  stream: UploadStream,
  file: FileHandle,
  upload: MaskedUpload & { readonly offset: number },
): Promise<void> {
  const { offset, lengthBytes, uploadBytesPerSecond, onProgress, signal } = upload;
  await write(stream, { header: headerOf(upload) });
  const pieceBytes = pieceBytesOf(uploadBytesPerSecond);
  const started = clock.monotonicMillis();
  onProgress?.(offset, lengthBytes);
  for (let at = offset; at < lengthBytes && !stream.isOver; ) {
    if (uploadBytesPerSecond !== undefined) {
      const due = started + ((at - offset) / uploadBytesPerSecond) * 1_000;
      await Promise.race([clock.sleep(Math.max(0, due - clock.monotonicMillis()), signal), stream.over]);
    }
    const readBytes = uploadBytesPerSecond === undefined ? piecesRead * pieceBytes : pieceBytes;
    // A fresh buffer each time: gRPC may still read the last one.
    const read = await readAt(file, at, Math.min(readBytes, lengthBytes - at));
    const end = at + read.length;
    const writes: Promise<void>[] = [];
    for (let begin = at; begin < end; begin += pieceBytes) {
      const piece = read.subarray(begin - at, begin - at + pieceBytes);
      const taken = write(stream, { chunk: chunkToWire(begin, piece) });
      writes.push(
        taken.then(() => {
          if (!stream.isOver) onProgress?.(begin + piece.length, lengthBytes);
        }),
      );
    }
    await Promise.all(writes);
    at = end;
  }
  if (!stream.isOver) stream.call.end();
}

/** Resolves when the socket took the frame, or when the call is over. */
function write(stream: UploadStream, frame: wire.UploadFrame): Promise<void> {
  if (stream.isOver) return Promise.resolve();
  const taken = new Promise<void>((resolve) => stream.call.write(frame, () => resolve()));
  return Promise.race([taken, stream.over]);
}

// The coordinator holds a message of everybody who uploads until it is whole: of a hundred at once 5 MB.
function pieceBytesOf(uploadBytesPerSecond: number | undefined): number {
  if (uploadBytesPerSecond === undefined) return bounds.chunkBytes;
  if (!Number.isFinite(uploadBytesPerSecond) || uploadBytesPerSecond <= 0) {
    throw new FederatedError('invalid-argument', 'uploadBytesPerSecond is not a positive number');
  }
  const piece = Math.round((uploadBytesPerSecond * paceMillis) / 1_000);
  return Math.min(bounds.chunkBytes, Math.max(pieceBytesMin, piece));
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const piece = new Uint8Array(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(piece, read, length - read, at + read);
    if (bytesRead === 0) {
      throw new FederatedError('state-lost', 'the spooled vector is shorter than its header says', {
        detail: { atByte: at + read },
        fix: 'Sit this round out: a masked vector is never computed twice.',
      });
    }
    read += bytesRead;
  }
  return piece;
}

function noop(): void {}
