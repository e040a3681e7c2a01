// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto

import type { RoundSum as _concordat_v1_RoundSum, RoundSum__Output as _concordat_v1_RoundSum__Output } from '../../concordat/v1/RoundSum.js';

export interface AggregateBody {
  'runId'?: (string);
  'round'?: (number);
  'sums'?: (_concordat_v1_RoundSum)[];
}

export interface AggregateBody__Output {
  'runId': (string);
  'round': (number);
  'sums': (_concordat_v1_RoundSum__Output)[];
}
