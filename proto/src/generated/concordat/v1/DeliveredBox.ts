// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface DeliveredBox {
  'dealer'?: (number);
  'share'?: (_concordat_v1_SignedBody | null);
  'box'?: (Buffer | Uint8Array | string);
  'selfShareHash'?: (Buffer | Uint8Array | string);
  'maskShareHash'?: (Buffer | Uint8Array | string);
  'path'?: (Buffer | Uint8Array | string)[];
}

export interface DeliveredBox__Output {
  'dealer': (number);
  'share': (_concordat_v1_SignedBody__Output | null);
  'box': (Buffer);
  'selfShareHash': (Buffer);
  'maskShareHash': (Buffer);
  'path': (Buffer)[];
}
