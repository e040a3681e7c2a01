// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto

import type { Certificate as _concordat_v1_Certificate, Certificate__Output as _concordat_v1_Certificate__Output } from '../../concordat/v1/Certificate.js';
import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';

export interface Transcript {
  'config'?: (Buffer | Uint8Array | string);
  'adverts'?: (Buffer | Uint8Array | string)[];
  'dealers'?: (Buffer | Uint8Array | string);
  'shares'?: (Buffer | Uint8Array | string)[];
  'certificate'?: (_concordat_v1_Certificate | null);
  'uploads'?: (_concordat_v1_SignedBody)[];
  'secrets'?: (Buffer | Uint8Array | string)[];
}

export interface Transcript__Output {
  'config': (Buffer);
  'adverts': (Buffer)[];
  'dealers': (Buffer);
  'shares': (Buffer)[];
  'certificate': (_concordat_v1_Certificate__Output | null);
  'uploads': (_concordat_v1_SignedBody__Output)[];
  'secrets': (Buffer)[];
}
