// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/plans.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';
import type { PlanRefusal as _concordat_v1_PlanRefusal, PlanRefusal__Output as _concordat_v1_PlanRefusal__Output } from '../../concordat/v1/PlanRefusal.js';

export interface GetPlanReply {
  'plan'?: (_concordat_v1_SignedBody | null);
  'operatorId'?: (string);
  'refusals'?: (_concordat_v1_PlanRefusal)[];
}

export interface GetPlanReply__Output {
  'plan': (_concordat_v1_SignedBody__Output | null);
  'operatorId': (string);
  'refusals': (_concordat_v1_PlanRefusal__Output)[];
}
