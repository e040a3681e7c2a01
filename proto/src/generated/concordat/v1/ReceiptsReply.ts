// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { ShownReceipt as _concordat_v1_ShownReceipt, ShownReceipt__Output as _concordat_v1_ShownReceipt__Output } from '../../concordat/v1/ShownReceipt.js';
import type { Long } from '@grpc/proto-loader';

export interface ReceiptsReply {
  'receipts'?: (_concordat_v1_ShownReceipt)[];
  'more'?: (boolean);
  'clientEpoch'?: (number | string | Long);
}

export interface ReceiptsReply__Output {
  'receipts': (_concordat_v1_ShownReceipt__Output)[];
  'more': (boolean);
  'clientEpoch': (number);
}
