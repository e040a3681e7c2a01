// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { DealerShare as _concordat_v1_DealerShare, DealerShare__Output as _concordat_v1_DealerShare__Output } from '../../concordat/v1/DealerShare.js';

export interface Dealers {
  'dealers'?: (Buffer | Uint8Array | string);
  'shares'?: (_concordat_v1_DealerShare)[];
}

export interface Dealers__Output {
  'dealers': (Buffer);
  'shares': (_concordat_v1_DealerShare__Output)[];
}
