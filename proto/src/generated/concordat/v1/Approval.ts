// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface Approval {
  'planHash'?: (Buffer | Uint8Array | string);
  'rosterHash'?: (Buffer | Uint8Array | string);
  'approval'?: (_concordat_v1_SignedBody | null);
}

export interface Approval__Output {
  'planHash': (Buffer);
  'rosterHash': (Buffer);
  'approval': (_concordat_v1_SignedBody__Output | null);
}
