// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto

import type { SignedRoster as _concordat_v1_SignedRoster, SignedRoster__Output as _concordat_v1_SignedRoster__Output } from '../../concordat/v1/SignedRoster.js';

export interface EnrollReply {
  'state'?: (string);
  'certificateChain'?: (Buffer | Uint8Array | string)[];
  'roster'?: (_concordat_v1_SignedRoster | null);
}

export interface EnrollReply__Output {
  'state': (string);
  'certificateChain': (Buffer)[];
  'roster': (_concordat_v1_SignedRoster__Output | null);
}
