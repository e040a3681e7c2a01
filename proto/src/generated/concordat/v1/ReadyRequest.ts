// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { RoundKey as _concordat_v1_RoundKey, RoundKey__Output as _concordat_v1_RoundKey__Output } from '../../concordat/v1/RoundKey.js';

export interface ReadyRequest {
  'key'?: (_concordat_v1_RoundKey | null);
  'baseModelHash'?: (Buffer | Uint8Array | string);
}

export interface ReadyRequest__Output {
  'key': (_concordat_v1_RoundKey__Output | null);
  'baseModelHash': (Buffer);
}
