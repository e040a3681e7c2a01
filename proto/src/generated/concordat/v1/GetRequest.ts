// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type { Long } from '@grpc/proto-loader';

export interface GetRequest {
  'sha256'?: (Buffer | Uint8Array | string);
  'offset'?: (number | string | Long);
}

export interface GetRequest__Output {
  'sha256': (Buffer);
  'offset': (number);
}
