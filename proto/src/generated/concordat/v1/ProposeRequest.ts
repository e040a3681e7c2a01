// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/plans.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface ProposeRequest {
  'plan'?: (_concordat_v1_SignedBody | null);
}

export interface ProposeRequest__Output {
  'plan': (_concordat_v1_SignedBody__Output | null);
}
