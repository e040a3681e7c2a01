// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface SignResultRequest {
  'sid2'?: (Buffer | Uint8Array | string);
  'result'?: (_concordat_v1_SignedBody | null);
  'disputed'?: (_concordat_v1_SignedBody | null);
  'verdict'?: "result"|"disputed";
}

export interface SignResultRequest__Output {
  'sid2': (Buffer);
  'result'?: (_concordat_v1_SignedBody__Output | null);
  'disputed'?: (_concordat_v1_SignedBody__Output | null);
  'verdict'?: "result"|"disputed";
}
