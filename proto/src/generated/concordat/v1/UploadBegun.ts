// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type { Receipt as _concordat_v1_Receipt, Receipt__Output as _concordat_v1_Receipt__Output } from '../../concordat/v1/Receipt.js';
import type { Long } from '@grpc/proto-loader';

export interface UploadBegun {
  'committedOffset'?: (number | string | Long);
  'receipt'?: (_concordat_v1_Receipt | null);
  'state'?: "committedOffset"|"receipt";
}

export interface UploadBegun__Output {
  'committedOffset'?: (number);
  'receipt'?: (_concordat_v1_Receipt__Output | null);
  'state'?: "committedOffset"|"receipt";
}
