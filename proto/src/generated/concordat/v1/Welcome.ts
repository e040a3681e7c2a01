// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { ShownReceipt as _concordat_v1_ShownReceipt, ShownReceipt__Output as _concordat_v1_ShownReceipt__Output } from '../../concordat/v1/ShownReceipt.js';

export interface Welcome {
  'wireVersion'?: (number);
  'software'?: (string);
  'consortium'?: (string);
  'receipts'?: (_concordat_v1_ShownReceipt)[];
}

export interface Welcome__Output {
  'wireVersion': (number);
  'software': (string);
  'consortium': (string);
  'receipts': (_concordat_v1_ShownReceipt__Output)[];
}
