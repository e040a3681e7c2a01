// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { StatementSignature as _concordat_v1_StatementSignature, StatementSignature__Output as _concordat_v1_StatementSignature__Output } from '../../concordat/v1/StatementSignature.js';

export interface Certificate {
  'body'?: (Buffer | Uint8Array | string);
  'signatures'?: (_concordat_v1_StatementSignature)[];
}

export interface Certificate__Output {
  'body': (Buffer);
  'signatures': (_concordat_v1_StatementSignature__Output)[];
}
