import { bounds } from '@concordat/core';
import { identityFromSeed } from '@concordat/node';
import { answerToWire, chunkToWire, guardDefinition, loaderOptions, protoFiles, sessionCodec } from '@concordat/proto';
import { loadSync } from '@grpc/proto-loader';
import { modelLayout } from './masking.js';
import type { Measurement, Question } from './measurement.js';

/** A compressed flag and a length in front of every message. */
const grpcPrefixBytes = 5;

/** One masked update as it goes over the wire: signed header and chunks, encoded and framed by gRPC; beside its lanes alone. */
export function measureUploadBytes(question: Question): Measurement {
  const { lengthBytes } = modelLayout(question);
  let value = encodedBytes(headerFrame(lengthBytes));
  let frames = 1;
  for (let at = 0; at < lengthBytes; at += bounds.frameBytes, frames++) {
    const data = new Uint8Array(Math.min(bounds.frameBytes, lengthBytes - at)).fill(0xff);
    value += encodedBytes({ chunk: chunkToWire(at, data) });
  }
  return { value, unit: 'bytes', limit: (question.parameters * question.bits) / 8, detail: { lengthBytes, frames } };
}

function headerFrame(lengthBytes: number): object {
  const body = sessionCodec.upload.encode({
    sid2: new Uint8Array(32),
    participant: 1,
    lengthBytes,
    merkleRoot: new Uint8Array(32),
  });
  const signature = identityFromSeed(new Uint8Array(32)).sign(body);
  const message = { type: 'session', round: 1, frame: { type: 'upload', upload: { body, signature } } } as const;
  return answerToWire({ runId: 'benchmark', message }).request as object;
}

const definition = guardDefinition(loadSync([...protoFiles], loaderOptions));
const { UploadMaskedUpdate } = definition['concordat.v1.Blobs'] as unknown as {
  readonly UploadMaskedUpdate: { requestSerialize(frame: object): Buffer };
};

function encodedBytes(frame: object): number {
  return grpcPrefixBytes + UploadMaskedUpdate.requestSerialize(frame).length;
}
