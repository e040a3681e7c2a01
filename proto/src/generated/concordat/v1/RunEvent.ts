// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto

import type { Long } from '@grpc/proto-loader';

export interface RunEvent {
  'sequence'?: (number | string | Long);
  'json'?: (Buffer | Uint8Array | string);
}

export interface RunEvent__Output {
  'sequence': (number);
  'json': (Buffer);
}
