// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type { Long } from '@grpc/proto-loader';

export interface PutHeader {
  'sha256'?: (Buffer | Uint8Array | string);
  'sizeBytes'?: (number | string | Long);
}

export interface PutHeader__Output {
  'sha256': (Buffer);
  'sizeBytes': (number);
}
