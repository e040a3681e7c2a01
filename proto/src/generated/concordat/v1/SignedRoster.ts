// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface SignedRoster {
  'document'?: (_concordat_v1_SignedBody | null);
  'rosterKey'?: (_concordat_v1_SignedBody | null);
}

export interface SignedRoster__Output {
  'document': (_concordat_v1_SignedBody__Output | null);
  'rosterKey': (_concordat_v1_SignedBody__Output | null);
}
