import { bounds, FederatedError } from '@concordat/core';
import { receiptToWire, servedChunkToWire, shownResultToWire, verdictFromWire, type wire } from '@concordat/proto';
import type { ResultDesk } from '../run/results.js';
import { payloadBytes, type Traffic } from '../run/traffic.js';
import { type Caller, participantOf } from './caller.js';
import { type CallContext, serverStream, unary } from './handlers.js';

export interface ResultsServiceOptions extends CallContext {
  readonly results: ResultDesk;
  readonly traffic: Traffic;
}

/** Results: for survivors of a session, what its sum is computed anew with; and their verdicts. */
export function resultsService(options: ResultsServiceOptions): wire.ResultsHandlers {
  const { results, traffic } = options;
  return {
    Show: unary(options, async ({ sid2 }: wire.ShowResultRequest__Output, caller) => {
      const { id } = participantOf(caller);
      const reply = shownResultToWire(await results.show(id, sidOf(sid2)));
      traffic.down(id, payloadBytes(reply));
      return reply;
    }),
    Chunks: serverStream<wire.ChunksRequest__Output, wire.ServedChunk>(options, (request, caller) =>
      serve(options, request, caller),
    ),
    Sign: unary(options, async (request: wire.SignResultRequest__Output, caller) => {
      const { id } = participantOf(caller);
      traffic.up(id, payloadBytes(request));
      return receiptToWire(await results.sign(id, sidOf(request.sid2), verdictFromWire(request)));
    }),
  };
}

async function* serve(
  { results, traffic }: ResultsServiceOptions,
  { sid2, chunks }: wire.ChunksRequest__Output,
  caller: Caller,
): AsyncGenerator<wire.ServedChunk> {
  const { id } = participantOf(caller);
  for await (const served of results.chunks(id, sidOf(sid2), chunks.slice(0, bounds.checkChunksMax + 1))) {
    traffic.down(id, served.data.byteLength);
    yield servedChunkToWire(served);
  }
}

function sidOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 32) return new Uint8Array(bytes);
  throw new FederatedError('malformed', 'a session is named by 32 bytes', { detail: { offered: bytes.length } });
}
