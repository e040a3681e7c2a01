// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';
import type { SignedUpload as _concordat_v1_SignedUpload, SignedUpload__Output as _concordat_v1_SignedUpload__Output } from '../../concordat/v1/SignedUpload.js';

export interface Proposal {
  'proposal'?: (_concordat_v1_SignedBody | null);
  'uploads'?: (_concordat_v1_SignedUpload)[];
}

export interface Proposal__Output {
  'proposal': (_concordat_v1_SignedBody__Output | null);
  'uploads': (_concordat_v1_SignedUpload__Output)[];
}
