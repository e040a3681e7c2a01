import type { ServedChunk } from '@concordat/core';
import { requireDecoded, servedChunkFromWire, type wire } from '@concordat/proto';
import { explain, isStopped, stopped } from './failures.js';
import type { Services } from './services.js';

/** Chunks of one session's sum and of the vectors in it. */
export interface ChunksRequest {
  readonly sid2: Uint8Array;
  /** Ascending, at most `bounds.checkChunksMax`. */
  readonly chunks: readonly number[];
  /** Index of another group of the round: chunks of its sum, and of nothing else. */
  readonly group?: number;
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMillis: number;
}

/**
 * One attempt to fetch chunks, as they come. What the reader does between two of them slows the sender down.
 *
 * @throws `verification` for a wrong CRC; `malformed`; the coordinator's refusal; `unavailable`, `deadline`.
 */
export async function* fetchChunks(
  ports: { readonly results: Services['results']; readonly address: string },
  request: ChunksRequest,
): AsyncGenerator<ServedChunk> {
  const { sid2, chunks, group, signal, deadlineMillis } = request;
  if (isStopped(signal)) throw stopped(signal);
  const { results } = ports;
  const options = { deadline: Date.now() + deadlineMillis };
  const wanted = { sid2, chunks: [...chunks] };
  const call =
    group === undefined ? results.Chunks(wanted, options) : results.GroupChunks({ ...wanted, group }, options);
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const message of call as AsyncIterable<wire.ServedChunk__Output>) {
      yield servedChunkFromWire(requireDecoded(message));
    }
  } catch (error) {
    throw isStopped(signal) ? stopped(signal) : explain(error, ports.address);
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}
