// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { RoundKey as _concordat_v1_RoundKey, RoundKey__Output as _concordat_v1_RoundKey__Output } from '../../concordat/v1/RoundKey.js';
import type { Approval as _concordat_v1_Approval, Approval__Output as _concordat_v1_Approval__Output } from '../../concordat/v1/Approval.js';
import type { Decline as _concordat_v1_Decline, Decline__Output as _concordat_v1_Decline__Output } from '../../concordat/v1/Decline.js';

export interface AnswerRequest {
  'key'?: (_concordat_v1_RoundKey | null);
  'approved'?: (_concordat_v1_Approval | null);
  'decline'?: (_concordat_v1_Decline | null);
  'answer'?: "approved"|"decline";
}

export interface AnswerRequest__Output {
  'key': (_concordat_v1_RoundKey__Output | null);
  'approved'?: (_concordat_v1_Approval__Output | null);
  'decline'?: (_concordat_v1_Decline__Output | null);
  'answer'?: "approved"|"decline";
}
