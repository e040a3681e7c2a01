// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto

import type { RevealedShare as _concordat_v1_RevealedShare, RevealedShare__Output as _concordat_v1_RevealedShare__Output } from '../../concordat/v1/RevealedShare.js';

export interface RevealBody {
  'sid2'?: (Buffer | Uint8Array | string);
  'inputsHash'?: (Buffer | Uint8Array | string);
  'participant'?: (number);
  'shares'?: (_concordat_v1_RevealedShare)[];
}

export interface RevealBody__Output {
  'sid2': (Buffer);
  'inputsHash': (Buffer);
  'participant': (number);
  'shares': (_concordat_v1_RevealedShare__Output)[];
}
