import { equalBytes, FederatedError, toHex } from '@concordat/core';
import { chunkFromWire, requireDecoded, type wire } from '@concordat/proto';
import type { BlobSink } from './blob-sink.js';
import { explain, isStopped, stopped } from './failures.js';
import type { Services } from './services.js';

/** A download under way; what has arrived is in the sink when the stream breaks. */
export interface BlobDownload {
  readonly sha256: Uint8Array;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly sink: BlobSink;
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
  const { sha256, signal, sink } = download;
  if (isStopped(signal)) throw stopped(signal);
  const request = { sha256, offset: sink.receivedBytes };
  const call = ports.blobs.Get(request, { deadline: Date.now() + deadlineMillis });
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    let first = true;
    for await (const received of call as AsyncIterable<wire.BlobChunk__Output>) {
      const message = requireDecoded(received);
      if (first) sink.expect(sizeOf(download, message.sizeBytes));
      first = false;
      if (message.chunk) take(sink, message.chunk);
    }
    return finish(download);
  } catch (error) {
    const failure = isStopped(signal) ? stopped(signal) : explain(error, ports.address);
    call.cancel();
    await sink.settle();
    throw failure;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}

function sizeOf({ maxBytes, sink }: BlobDownload, sizeBytes: number): number {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > maxBytes) {
    throw new FederatedError('refused', 'the blob is larger than it may be', {
      detail: { rule: 'blob.size', required: maxBytes, offered: sizeBytes },
      fix: 'Compare the plan with what the operator uploaded.',
    });
  }
  const known = sink.sizeBytes;
  if (sizeBytes < sink.receivedBytes || (known !== undefined && known !== sizeBytes)) {
    throw malformed(known ?? sink.receivedBytes, sizeBytes);
  }
  return sizeBytes;
}

function take(sink: BlobSink, chunk: wire.Chunk__Output): void {
  const { offset, data } = chunkFromWire(chunk);
  const { receivedBytes, sizeBytes = 0 } = sink;
  if (offset !== receivedBytes || data.length > sizeBytes - offset) throw malformed(receivedBytes, offset);
  sink.append(data);
}

function finish({ sink, sha256 }: BlobDownload): Uint8Array {
  // The stream ended well but early: the next attempt would get the same.
  if (sink.sizeBytes === undefined || sink.receivedBytes !== sink.sizeBytes) {
    throw malformed(sink.sizeBytes ?? 0, sink.receivedBytes);
  }
  if (equalBytes(sink.digest(), sha256)) return sink.bytes();
  throw new FederatedError('verification', 'the blob is not the one of this digest', {
    detail: { rule: 'blob.digest', sha256: toHex(sha256) },
    fix: 'Fetch it again; if it happens twice, ask the operator.',
  });
}

function malformed(required: number, offered: number): FederatedError {
  return new FederatedError('malformed', 'the pieces of the blob do not fit together', {
    detail: { required, offered },
  });
}
