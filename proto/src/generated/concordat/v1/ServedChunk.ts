// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto

import type { Chunk as _concordat_v1_Chunk, Chunk__Output as _concordat_v1_Chunk__Output } from '../../concordat/v1/Chunk.js';

export interface ServedChunk {
  'source'?: (number);
  'chunk'?: (_concordat_v1_Chunk | null);
  'path'?: (Buffer | Uint8Array | string)[];
}

export interface ServedChunk__Output {
  'source': (number);
  'chunk': (_concordat_v1_Chunk__Output | null);
  'path': (Buffer)[];
}
