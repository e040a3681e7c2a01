// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { RoundKey as _concordat_v1_RoundKey, RoundKey__Output as _concordat_v1_RoundKey__Output } from '../../concordat/v1/RoundKey.js';
import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface AbortRequest {
  'key'?: (_concordat_v1_RoundKey | null);
  'statement'?: (_concordat_v1_SignedBody | null);
}

export interface AbortRequest__Output {
  'key': (_concordat_v1_RoundKey__Output | null);
  'statement': (_concordat_v1_SignedBody__Output | null);
}
