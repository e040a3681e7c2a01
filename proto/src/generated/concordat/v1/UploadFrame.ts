// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type { UploadHeader as _concordat_v1_UploadHeader, UploadHeader__Output as _concordat_v1_UploadHeader__Output } from '../../concordat/v1/UploadHeader.js';
import type { Chunk as _concordat_v1_Chunk, Chunk__Output as _concordat_v1_Chunk__Output } from '../../concordat/v1/Chunk.js';

export interface UploadFrame {
  'header'?: (_concordat_v1_UploadHeader | null);
  'chunk'?: (_concordat_v1_Chunk | null);
  'frame'?: "header"|"chunk";
}

export interface UploadFrame__Output {
  'header'?: (_concordat_v1_UploadHeader__Output | null);
  'chunk'?: (_concordat_v1_Chunk__Output | null);
  'frame'?: "header"|"chunk";
}
