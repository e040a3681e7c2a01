// @ts-nocheck: the tool declares more than it uses.
import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AbortBody as _concordat_v1_AbortBody, AbortBody__Output as _concordat_v1_AbortBody__Output } from './concordat/v1/AbortBody.js';
import type { AdvertBody as _concordat_v1_AdvertBody, AdvertBody__Output as _concordat_v1_AdvertBody__Output } from './concordat/v1/AdvertBody.js';
import type { AggregateBody as _concordat_v1_AggregateBody, AggregateBody__Output as _concordat_v1_AggregateBody__Output } from './concordat/v1/AggregateBody.js';
import type { ConfirmBody as _concordat_v1_ConfirmBody, ConfirmBody__Output as _concordat_v1_ConfirmBody__Output } from './concordat/v1/ConfirmBody.js';
import type { DisputeBody as _concordat_v1_DisputeBody, DisputeBody__Output as _concordat_v1_DisputeBody__Output } from './concordat/v1/DisputeBody.js';
import type { GetPlanReply as _concordat_v1_GetPlanReply, GetPlanReply__Output as _concordat_v1_GetPlanReply__Output } from './concordat/v1/GetPlanReply.js';
import type { GetPlanRequest as _concordat_v1_GetPlanRequest, GetPlanRequest__Output as _concordat_v1_GetPlanRequest__Output } from './concordat/v1/GetPlanRequest.js';
import type { PlanRefusal as _concordat_v1_PlanRefusal, PlanRefusal__Output as _concordat_v1_PlanRefusal__Output } from './concordat/v1/PlanRefusal.js';
import type { PlansClient as _concordat_v1_PlansClient, PlansDefinition as _concordat_v1_PlansDefinition } from './concordat/v1/Plans.js';
import type { ProposeReply as _concordat_v1_ProposeReply, ProposeReply__Output as _concordat_v1_ProposeReply__Output } from './concordat/v1/ProposeReply.js';
import type { ProposeRequest as _concordat_v1_ProposeRequest, ProposeRequest__Output as _concordat_v1_ProposeRequest__Output } from './concordat/v1/ProposeRequest.js';
import type { ReceiptBody as _concordat_v1_ReceiptBody, ReceiptBody__Output as _concordat_v1_ReceiptBody__Output } from './concordat/v1/ReceiptBody.js';
import type { ResultBody as _concordat_v1_ResultBody, ResultBody__Output as _concordat_v1_ResultBody__Output } from './concordat/v1/ResultBody.js';
import type { RevealBody as _concordat_v1_RevealBody, RevealBody__Output as _concordat_v1_RevealBody__Output } from './concordat/v1/RevealBody.js';
import type { RevealedShare as _concordat_v1_RevealedShare, RevealedShare__Output as _concordat_v1_RevealedShare__Output } from './concordat/v1/RevealedShare.js';
import type { RoundSum as _concordat_v1_RoundSum, RoundSum__Output as _concordat_v1_RoundSum__Output } from './concordat/v1/RoundSum.js';
import type { SegmentSpec as _concordat_v1_SegmentSpec, SegmentSpec__Output as _concordat_v1_SegmentSpec__Output } from './concordat/v1/SegmentSpec.js';
import type { SessionConfigBody as _concordat_v1_SessionConfigBody, SessionConfigBody__Output as _concordat_v1_SessionConfigBody__Output } from './concordat/v1/SessionConfigBody.js';
import type { ShareBody as _concordat_v1_ShareBody, ShareBody__Output as _concordat_v1_ShareBody__Output } from './concordat/v1/ShareBody.js';
import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from './concordat/v1/SignedBody.js';
import type { SurvivorsBody as _concordat_v1_SurvivorsBody, SurvivorsBody__Output as _concordat_v1_SurvivorsBody__Output } from './concordat/v1/SurvivorsBody.js';
import type { UploadBody as _concordat_v1_UploadBody, UploadBody__Output as _concordat_v1_UploadBody__Output } from './concordat/v1/UploadBody.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  concordat: {
    v1: {
      AbortBody: MessageTypeDefinition<_concordat_v1_AbortBody, _concordat_v1_AbortBody__Output>
      AdvertBody: MessageTypeDefinition<_concordat_v1_AdvertBody, _concordat_v1_AdvertBody__Output>
      AggregateBody: MessageTypeDefinition<_concordat_v1_AggregateBody, _concordat_v1_AggregateBody__Output>
      ConfirmBody: MessageTypeDefinition<_concordat_v1_ConfirmBody, _concordat_v1_ConfirmBody__Output>
      DisputeBody: MessageTypeDefinition<_concordat_v1_DisputeBody, _concordat_v1_DisputeBody__Output>
      GetPlanReply: MessageTypeDefinition<_concordat_v1_GetPlanReply, _concordat_v1_GetPlanReply__Output>
      GetPlanRequest: MessageTypeDefinition<_concordat_v1_GetPlanRequest, _concordat_v1_GetPlanRequest__Output>
      PlanRefusal: MessageTypeDefinition<_concordat_v1_PlanRefusal, _concordat_v1_PlanRefusal__Output>
      Plans: SubtypeConstructor<typeof grpc.Client, _concordat_v1_PlansClient> & { service: _concordat_v1_PlansDefinition }
      ProposeReply: MessageTypeDefinition<_concordat_v1_ProposeReply, _concordat_v1_ProposeReply__Output>
      ProposeRequest: MessageTypeDefinition<_concordat_v1_ProposeRequest, _concordat_v1_ProposeRequest__Output>
      ReceiptBody: MessageTypeDefinition<_concordat_v1_ReceiptBody, _concordat_v1_ReceiptBody__Output>
      ResultBody: MessageTypeDefinition<_concordat_v1_ResultBody, _concordat_v1_ResultBody__Output>
      RevealBody: MessageTypeDefinition<_concordat_v1_RevealBody, _concordat_v1_RevealBody__Output>
      RevealedShare: MessageTypeDefinition<_concordat_v1_RevealedShare, _concordat_v1_RevealedShare__Output>
      RoundSum: MessageTypeDefinition<_concordat_v1_RoundSum, _concordat_v1_RoundSum__Output>
      SegmentSpec: MessageTypeDefinition<_concordat_v1_SegmentSpec, _concordat_v1_SegmentSpec__Output>
      SessionConfigBody: MessageTypeDefinition<_concordat_v1_SessionConfigBody, _concordat_v1_SessionConfigBody__Output>
      ShareBody: MessageTypeDefinition<_concordat_v1_ShareBody, _concordat_v1_ShareBody__Output>
      SignedBody: MessageTypeDefinition<_concordat_v1_SignedBody, _concordat_v1_SignedBody__Output>
      SurvivorsBody: MessageTypeDefinition<_concordat_v1_SurvivorsBody, _concordat_v1_SurvivorsBody__Output>
      UploadBody: MessageTypeDefinition<_concordat_v1_UploadBody, _concordat_v1_UploadBody__Output>
    }
  }
}

