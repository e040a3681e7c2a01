// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type { Chunk as _concordat_v1_Chunk, Chunk__Output as _concordat_v1_Chunk__Output } from '../../concordat/v1/Chunk.js';
import type { Long } from '@grpc/proto-loader';

export interface BlobChunk {
  'sizeBytes'?: (number | string | Long);
  'chunk'?: (_concordat_v1_Chunk | null);
}

export interface BlobChunk__Output {
  'sizeBytes': (number);
  'chunk': (_concordat_v1_Chunk__Output | null);
}
