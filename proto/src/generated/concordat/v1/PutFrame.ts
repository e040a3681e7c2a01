// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type { PutHeader as _concordat_v1_PutHeader, PutHeader__Output as _concordat_v1_PutHeader__Output } from '../../concordat/v1/PutHeader.js';
import type { Chunk as _concordat_v1_Chunk, Chunk__Output as _concordat_v1_Chunk__Output } from '../../concordat/v1/Chunk.js';

export interface PutFrame {
  'header'?: (_concordat_v1_PutHeader | null);
  'chunk'?: (_concordat_v1_Chunk | null);
  'frame'?: "header"|"chunk";
}

export interface PutFrame__Output {
  'header'?: (_concordat_v1_PutHeader__Output | null);
  'chunk'?: (_concordat_v1_Chunk__Output | null);
  'frame'?: "header"|"chunk";
}
