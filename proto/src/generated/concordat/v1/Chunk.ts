// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type { Long } from '@grpc/proto-loader';

export interface Chunk {
  'offset'?: (number | string | Long);
  'crc32'?: (number);
  'data'?: (Buffer | Uint8Array | string);
}

export interface Chunk__Output {
  'offset': (number);
  'crc32': (number);
  'data': (Buffer);
}
