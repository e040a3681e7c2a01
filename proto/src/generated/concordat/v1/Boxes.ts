// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { DeliveredBox as _concordat_v1_DeliveredBox, DeliveredBox__Output as _concordat_v1_DeliveredBox__Output } from '../../concordat/v1/DeliveredBox.js';

export interface Boxes {
  'boxes'?: (_concordat_v1_DeliveredBox)[];
}

export interface Boxes__Output {
  'boxes': (_concordat_v1_DeliveredBox__Output)[];
}
