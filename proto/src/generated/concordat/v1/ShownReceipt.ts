// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface ShownReceipt {
  'receipt'?: (_concordat_v1_SignedBody | null);
  'baseModelHash'?: (Buffer | Uint8Array | string);
}

export interface ShownReceipt__Output {
  'receipt': (_concordat_v1_SignedBody__Output | null);
  'baseModelHash': (Buffer);
}
