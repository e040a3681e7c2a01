import { createHash, type Hash } from 'node:crypto';
import { equalBytes, FederatedError, toHex } from '@concordat/core';
import { chunkFromWire, requireDecoded, type wire } from '@concordat/proto';
import { explain, isStopped, stopped } from './failures.js';
import type { Services } from './services.js';

/** A download under way; what has arrived is kept when the stream breaks. */
export interface BlobDownload {
  readonly sha256: Uint8Array;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly hash: Hash;
  bytes: Uint8Array | undefined;
  received: number;
}

export function beginDownload(sha256: Uint8Array, maxBytes: number, signal?: AbortSignal): BlobDownload {
  return { sha256, maxBytes, signal, hash: createHash('sha256'), bytes: undefined, received: 0 };
}

/**
 * One attempt to fetch what is missing.
 *
 * @returns the blob, its SHA-256 checked. @throws `refused` (rule `blob.size`) before anything is allocated when it is larger
 *   than `maxBytes`; `verification` for a wrong CRC or digest; `malformed` for a gap, an overlap or a wrong length.
 */
export async function continueDownload(
  ports: { readonly blobs: Services['blobs']; readonly address: string },
  download: BlobDownload,
  deadlineMillis: number,
): Promise<Uint8Array> {
  const { sha256, signal } = download;
  if (isStopped(signal)) throw stopped(signal);
  const request = { sha256, offset: download.received };
  const call = ports.blobs.Get(request, { deadline: Date.now() + deadlineMillis });
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    let first = true;
    for await (const received of call as AsyncIterable<wire.BlobChunk__Output>) {
      const message = requireDecoded(received);
      const bytes = first ? allocate(download, message.sizeBytes) : download.bytes!;
      first = false;
      if (message.chunk) take(download, bytes, message.chunk);
    }
    return finish(download);
  } catch (error) {
    throw isStopped(signal) ? stopped(signal) : explain(error, ports.address);
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}

function allocate(download: BlobDownload, sizeBytes: number): Uint8Array {
  const { maxBytes, bytes } = download;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > maxBytes) {
    throw new FederatedError('refused', 'the blob is larger than it may be', {
      detail: { rule: 'blob.size', required: maxBytes, offered: sizeBytes },
      fix: 'Compare the plan with what the operator uploaded.',
    });
  }
  if (bytes !== undefined && bytes.length !== sizeBytes) throw malformed(bytes.length, sizeBytes);
  download.bytes ??= new Uint8Array(sizeBytes);
  return download.bytes;
}

function take(download: BlobDownload, bytes: Uint8Array, chunk: wire.Chunk__Output): void {
  const { offset, data } = chunkFromWire(chunk);
  if (offset !== download.received || data.length > bytes.length - offset) throw malformed(download.received, offset);
  bytes.set(data, offset);
  download.hash.update(data);
  download.received += data.length;
}

function finish({ bytes, received, hash, sha256 }: BlobDownload): Uint8Array {
  // The stream ended well but early: the next attempt would get the same.
  if (bytes === undefined || received !== bytes.length) throw malformed(bytes?.length ?? 0, received);
  if (equalBytes(hash.digest(), sha256)) return bytes;
  throw new FederatedError('verification', 'the blob is not the one of this digest', {
    detail: { sha256: toHex(sha256) },
    fix: 'Fetch it again; if it happens twice, ask the operator.',
  });
}

function malformed(required: number, offered: number): FederatedError {
  return new FederatedError('malformed', 'the pieces of the blob do not fit together', {
    detail: { required, offered },
  });
}
