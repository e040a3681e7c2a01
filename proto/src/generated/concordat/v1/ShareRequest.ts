// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { RoundKey as _concordat_v1_RoundKey, RoundKey__Output as _concordat_v1_RoundKey__Output } from '../../concordat/v1/RoundKey.js';
import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';
import type { DealtBox as _concordat_v1_DealtBox, DealtBox__Output as _concordat_v1_DealtBox__Output } from '../../concordat/v1/DealtBox.js';

export interface ShareRequest {
  'key'?: (_concordat_v1_RoundKey | null);
  'share'?: (_concordat_v1_SignedBody | null);
  'boxes'?: (_concordat_v1_DealtBox)[];
}

export interface ShareRequest__Output {
  'key': (_concordat_v1_RoundKey__Output | null);
  'share': (_concordat_v1_SignedBody__Output | null);
  'boxes': (_concordat_v1_DealtBox__Output)[];
}
