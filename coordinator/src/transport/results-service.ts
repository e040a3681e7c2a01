import { bounds, FederatedError, type ServedChunk } from '@concordat/core';
import type { Garbage } from '@concordat/node';
import { receiptToWire, servedChunkToWire, shownResultToWire, verdictFromWire, type wire } from '@concordat/proto';
import type { ResultDesk } from '../run/results.js';
import { payloadBytes, type Traffic } from '../run/traffic.js';
import { type Caller, participantOf } from './caller.js';
import { type CallContext, serverStream, unary } from './handlers.js';

export interface ResultsServiceOptions extends CallContext {
  readonly results: ResultDesk;
  readonly traffic: Traffic;
  readonly garbage: Garbage;
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
      serve(options, caller, (id) =>
        results.chunks(id, sidOf(request.sid2), request.chunks.slice(0, bounds.checkChunksMax + 1)),
      ),
    ),
    GroupChunks: serverStream<wire.GroupChunksRequest__Output, wire.ServedChunk>(
      options,
      ({ sid2, group, chunks }, caller) =>
        serve(options, caller, (id) =>
          results.groupChunks(id, sidOf(sid2), { group, chunks: chunks.slice(0, bounds.checkChunksMax + 1) }),
        ),
    ),
    Sign: unary(options, async (request: wire.SignResultRequest__Output, caller) => {
      const { id } = participantOf(caller);
      traffic.up(id, payloadBytes(request));
      return receiptToWire(await results.sign(id, sidOf(request.sid2), verdictFromWire(request)));
    }),
  };
}

async function* serve(
  { traffic, garbage }: ResultsServiceOptions,
  caller: Caller,
  chunksFor: (participant: string) => AsyncGenerator<ServedChunk>,
): AsyncGenerator<wire.ServedChunk> {
  const { id } = participantOf(caller);
  for await (const served of chunksFor(id)) {
    traffic.down(id, served.data.byteLength);
    yield servedChunkToWire(served);
    // As it was read, as it was encoded, and behind the prefix of a gRPC message.
    garbage.made(3 * served.data.byteLength);
  }
}

function sidOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 32) return new Uint8Array(bytes);
  throw new FederatedError('malformed', 'a session is named by 32 bytes', { detail: { offered: bytes.length } });
}
