// @ts-nocheck: the tool declares more than it uses.
import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Abandoned as _concordat_v1_Abandoned, Abandoned__Output as _concordat_v1_Abandoned__Output } from './concordat/v1/Abandoned.js';
import type { AbortBody as _concordat_v1_AbortBody, AbortBody__Output as _concordat_v1_AbortBody__Output } from './concordat/v1/AbortBody.js';
import type { AbortProposal as _concordat_v1_AbortProposal, AbortProposal__Output as _concordat_v1_AbortProposal__Output } from './concordat/v1/AbortProposal.js';
import type { AbortRequest as _concordat_v1_AbortRequest, AbortRequest__Output as _concordat_v1_AbortRequest__Output } from './concordat/v1/AbortRequest.js';
import type { AdvertBody as _concordat_v1_AdvertBody, AdvertBody__Output as _concordat_v1_AdvertBody__Output } from './concordat/v1/AdvertBody.js';
import type { AdvertiseRequest as _concordat_v1_AdvertiseRequest, AdvertiseRequest__Output as _concordat_v1_AdvertiseRequest__Output } from './concordat/v1/AdvertiseRequest.js';
import type { AggregateBody as _concordat_v1_AggregateBody, AggregateBody__Output as _concordat_v1_AggregateBody__Output } from './concordat/v1/AggregateBody.js';
import type { AnswerRequest as _concordat_v1_AnswerRequest, AnswerRequest__Output as _concordat_v1_AnswerRequest__Output } from './concordat/v1/AnswerRequest.js';
import type { Approval as _concordat_v1_Approval, Approval__Output as _concordat_v1_Approval__Output } from './concordat/v1/Approval.js';
import type { Assignment as _concordat_v1_Assignment, Assignment__Output as _concordat_v1_Assignment__Output } from './concordat/v1/Assignment.js';
import type { BlobChunk as _concordat_v1_BlobChunk, BlobChunk__Output as _concordat_v1_BlobChunk__Output } from './concordat/v1/BlobChunk.js';
import type { BlobsClient as _concordat_v1_BlobsClient, BlobsDefinition as _concordat_v1_BlobsDefinition } from './concordat/v1/Blobs.js';
import type { Boxes as _concordat_v1_Boxes, Boxes__Output as _concordat_v1_Boxes__Output } from './concordat/v1/Boxes.js';
import type { Certificate as _concordat_v1_Certificate, Certificate__Output as _concordat_v1_Certificate__Output } from './concordat/v1/Certificate.js';
import type { CertifyRequest as _concordat_v1_CertifyRequest, CertifyRequest__Output as _concordat_v1_CertifyRequest__Output } from './concordat/v1/CertifyRequest.js';
import type { CheckInRequest as _concordat_v1_CheckInRequest, CheckInRequest__Output as _concordat_v1_CheckInRequest__Output } from './concordat/v1/CheckInRequest.js';
import type { Chunk as _concordat_v1_Chunk, Chunk__Output as _concordat_v1_Chunk__Output } from './concordat/v1/Chunk.js';
import type { ChunksRequest as _concordat_v1_ChunksRequest, ChunksRequest__Output as _concordat_v1_ChunksRequest__Output } from './concordat/v1/ChunksRequest.js';
import type { Cohort as _concordat_v1_Cohort, Cohort__Output as _concordat_v1_Cohort__Output } from './concordat/v1/Cohort.js';
import type { ConfirmBody as _concordat_v1_ConfirmBody, ConfirmBody__Output as _concordat_v1_ConfirmBody__Output } from './concordat/v1/ConfirmBody.js';
import type { ConfirmRequest as _concordat_v1_ConfirmRequest, ConfirmRequest__Output as _concordat_v1_ConfirmRequest__Output } from './concordat/v1/ConfirmRequest.js';
import type { DealerShare as _concordat_v1_DealerShare, DealerShare__Output as _concordat_v1_DealerShare__Output } from './concordat/v1/DealerShare.js';
import type { Dealers as _concordat_v1_Dealers, Dealers__Output as _concordat_v1_Dealers__Output } from './concordat/v1/Dealers.js';
import type { DealtBox as _concordat_v1_DealtBox, DealtBox__Output as _concordat_v1_DealtBox__Output } from './concordat/v1/DealtBox.js';
import type { Decline as _concordat_v1_Decline, Decline__Output as _concordat_v1_Decline__Output } from './concordat/v1/Decline.js';
import type { DeliveredBox as _concordat_v1_DeliveredBox, DeliveredBox__Output as _concordat_v1_DeliveredBox__Output } from './concordat/v1/DeliveredBox.js';
import type { DisputeBody as _concordat_v1_DisputeBody, DisputeBody__Output as _concordat_v1_DisputeBody__Output } from './concordat/v1/DisputeBody.js';
import type { Finished as _concordat_v1_Finished, Finished__Output as _concordat_v1_Finished__Output } from './concordat/v1/Finished.js';
import type { GetRequest as _concordat_v1_GetRequest, GetRequest__Output as _concordat_v1_GetRequest__Output } from './concordat/v1/GetRequest.js';
import type { GroupChunksRequest as _concordat_v1_GroupChunksRequest, GroupChunksRequest__Output as _concordat_v1_GroupChunksRequest__Output } from './concordat/v1/GroupChunksRequest.js';
import type { GroupStanding as _concordat_v1_GroupStanding, GroupStanding__Output as _concordat_v1_GroupStanding__Output } from './concordat/v1/GroupStanding.js';
import type { NotChosen as _concordat_v1_NotChosen, NotChosen__Output as _concordat_v1_NotChosen__Output } from './concordat/v1/NotChosen.js';
import type { Paused as _concordat_v1_Paused, Paused__Output as _concordat_v1_Paused__Output } from './concordat/v1/Paused.js';
import type { Proposal as _concordat_v1_Proposal, Proposal__Output as _concordat_v1_Proposal__Output } from './concordat/v1/Proposal.js';
import type { Published as _concordat_v1_Published, Published__Output as _concordat_v1_Published__Output } from './concordat/v1/Published.js';
import type { PutFrame as _concordat_v1_PutFrame, PutFrame__Output as _concordat_v1_PutFrame__Output } from './concordat/v1/PutFrame.js';
import type { PutHeader as _concordat_v1_PutHeader, PutHeader__Output as _concordat_v1_PutHeader__Output } from './concordat/v1/PutHeader.js';
import type { PutReply as _concordat_v1_PutReply, PutReply__Output as _concordat_v1_PutReply__Output } from './concordat/v1/PutReply.js';
import type { ReadyRequest as _concordat_v1_ReadyRequest, ReadyRequest__Output as _concordat_v1_ReadyRequest__Output } from './concordat/v1/ReadyRequest.js';
import type { Receipt as _concordat_v1_Receipt, Receipt__Output as _concordat_v1_Receipt__Output } from './concordat/v1/Receipt.js';
import type { ReceiptBody as _concordat_v1_ReceiptBody, ReceiptBody__Output as _concordat_v1_ReceiptBody__Output } from './concordat/v1/ReceiptBody.js';
import type { ReceiptsReply as _concordat_v1_ReceiptsReply, ReceiptsReply__Output as _concordat_v1_ReceiptsReply__Output } from './concordat/v1/ReceiptsReply.js';
import type { ReceiptsRequest as _concordat_v1_ReceiptsRequest, ReceiptsRequest__Output as _concordat_v1_ReceiptsRequest__Output } from './concordat/v1/ReceiptsRequest.js';
import type { ResultBody as _concordat_v1_ResultBody, ResultBody__Output as _concordat_v1_ResultBody__Output } from './concordat/v1/ResultBody.js';
import type { ResultsClient as _concordat_v1_ResultsClient, ResultsDefinition as _concordat_v1_ResultsDefinition } from './concordat/v1/Results.js';
import type { RevealBody as _concordat_v1_RevealBody, RevealBody__Output as _concordat_v1_RevealBody__Output } from './concordat/v1/RevealBody.js';
import type { RevealRequest as _concordat_v1_RevealRequest, RevealRequest__Output as _concordat_v1_RevealRequest__Output } from './concordat/v1/RevealRequest.js';
import type { RevealedShare as _concordat_v1_RevealedShare, RevealedShare__Output as _concordat_v1_RevealedShare__Output } from './concordat/v1/RevealedShare.js';
import type { RoundKey as _concordat_v1_RoundKey, RoundKey__Output as _concordat_v1_RoundKey__Output } from './concordat/v1/RoundKey.js';
import type { RoundSum as _concordat_v1_RoundSum, RoundSum__Output as _concordat_v1_RoundSum__Output } from './concordat/v1/RoundSum.js';
import type { RoundsClient as _concordat_v1_RoundsClient, RoundsDefinition as _concordat_v1_RoundsDefinition } from './concordat/v1/Rounds.js';
import type { RunOffer as _concordat_v1_RunOffer, RunOffer__Output as _concordat_v1_RunOffer__Output } from './concordat/v1/RunOffer.js';
import type { SegmentSpec as _concordat_v1_SegmentSpec, SegmentSpec__Output as _concordat_v1_SegmentSpec__Output } from './concordat/v1/SegmentSpec.js';
import type { ServedChunk as _concordat_v1_ServedChunk, ServedChunk__Output as _concordat_v1_ServedChunk__Output } from './concordat/v1/ServedChunk.js';
import type { SessionConfigBody as _concordat_v1_SessionConfigBody, SessionConfigBody__Output as _concordat_v1_SessionConfigBody__Output } from './concordat/v1/SessionConfigBody.js';
import type { SessionFrame as _concordat_v1_SessionFrame, SessionFrame__Output as _concordat_v1_SessionFrame__Output } from './concordat/v1/SessionFrame.js';
import type { ShareBody as _concordat_v1_ShareBody, ShareBody__Output as _concordat_v1_ShareBody__Output } from './concordat/v1/ShareBody.js';
import type { ShareRequest as _concordat_v1_ShareRequest, ShareRequest__Output as _concordat_v1_ShareRequest__Output } from './concordat/v1/ShareRequest.js';
import type { ShowResultReply as _concordat_v1_ShowResultReply, ShowResultReply__Output as _concordat_v1_ShowResultReply__Output } from './concordat/v1/ShowResultReply.js';
import type { ShowResultRequest as _concordat_v1_ShowResultRequest, ShowResultRequest__Output as _concordat_v1_ShowResultRequest__Output } from './concordat/v1/ShowResultRequest.js';
import type { ShownReceipt as _concordat_v1_ShownReceipt, ShownReceipt__Output as _concordat_v1_ShownReceipt__Output } from './concordat/v1/ShownReceipt.js';
import type { SignResultRequest as _concordat_v1_SignResultRequest, SignResultRequest__Output as _concordat_v1_SignResultRequest__Output } from './concordat/v1/SignResultRequest.js';
import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from './concordat/v1/SignedBody.js';
import type { SignedUpload as _concordat_v1_SignedUpload, SignedUpload__Output as _concordat_v1_SignedUpload__Output } from './concordat/v1/SignedUpload.js';
import type { StatementSignature as _concordat_v1_StatementSignature, StatementSignature__Output as _concordat_v1_StatementSignature__Output } from './concordat/v1/StatementSignature.js';
import type { SurvivorsBody as _concordat_v1_SurvivorsBody, SurvivorsBody__Output as _concordat_v1_SurvivorsBody__Output } from './concordat/v1/SurvivorsBody.js';
import type { Train as _concordat_v1_Train, Train__Output as _concordat_v1_Train__Output } from './concordat/v1/Train.js';
import type { Transcript as _concordat_v1_Transcript, Transcript__Output as _concordat_v1_Transcript__Output } from './concordat/v1/Transcript.js';
import type { UploadBegun as _concordat_v1_UploadBegun, UploadBegun__Output as _concordat_v1_UploadBegun__Output } from './concordat/v1/UploadBegun.js';
import type { UploadBody as _concordat_v1_UploadBody, UploadBody__Output as _concordat_v1_UploadBody__Output } from './concordat/v1/UploadBody.js';
import type { UploadFrame as _concordat_v1_UploadFrame, UploadFrame__Output as _concordat_v1_UploadFrame__Output } from './concordat/v1/UploadFrame.js';
import type { UploadHeader as _concordat_v1_UploadHeader, UploadHeader__Output as _concordat_v1_UploadHeader__Output } from './concordat/v1/UploadHeader.js';
import type { Waiting as _concordat_v1_Waiting, Waiting__Output as _concordat_v1_Waiting__Output } from './concordat/v1/Waiting.js';
import type { Welcome as _concordat_v1_Welcome, Welcome__Output as _concordat_v1_Welcome__Output } from './concordat/v1/Welcome.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  concordat: {
    v1: {
      Abandoned: MessageTypeDefinition<_concordat_v1_Abandoned, _concordat_v1_Abandoned__Output>
      AbortBody: MessageTypeDefinition<_concordat_v1_AbortBody, _concordat_v1_AbortBody__Output>
      AbortProposal: MessageTypeDefinition<_concordat_v1_AbortProposal, _concordat_v1_AbortProposal__Output>
      AbortRequest: MessageTypeDefinition<_concordat_v1_AbortRequest, _concordat_v1_AbortRequest__Output>
      AdvertBody: MessageTypeDefinition<_concordat_v1_AdvertBody, _concordat_v1_AdvertBody__Output>
      AdvertiseRequest: MessageTypeDefinition<_concordat_v1_AdvertiseRequest, _concordat_v1_AdvertiseRequest__Output>
      AggregateBody: MessageTypeDefinition<_concordat_v1_AggregateBody, _concordat_v1_AggregateBody__Output>
      AnswerRequest: MessageTypeDefinition<_concordat_v1_AnswerRequest, _concordat_v1_AnswerRequest__Output>
      Approval: MessageTypeDefinition<_concordat_v1_Approval, _concordat_v1_Approval__Output>
      Assignment: MessageTypeDefinition<_concordat_v1_Assignment, _concordat_v1_Assignment__Output>
      BlobChunk: MessageTypeDefinition<_concordat_v1_BlobChunk, _concordat_v1_BlobChunk__Output>
      Blobs: SubtypeConstructor<typeof grpc.Client, _concordat_v1_BlobsClient> & { service: _concordat_v1_BlobsDefinition }
      Boxes: MessageTypeDefinition<_concordat_v1_Boxes, _concordat_v1_Boxes__Output>
      Certificate: MessageTypeDefinition<_concordat_v1_Certificate, _concordat_v1_Certificate__Output>
      CertifyRequest: MessageTypeDefinition<_concordat_v1_CertifyRequest, _concordat_v1_CertifyRequest__Output>
      CheckInRequest: MessageTypeDefinition<_concordat_v1_CheckInRequest, _concordat_v1_CheckInRequest__Output>
      Chunk: MessageTypeDefinition<_concordat_v1_Chunk, _concordat_v1_Chunk__Output>
      ChunksRequest: MessageTypeDefinition<_concordat_v1_ChunksRequest, _concordat_v1_ChunksRequest__Output>
      Cohort: MessageTypeDefinition<_concordat_v1_Cohort, _concordat_v1_Cohort__Output>
      ConfirmBody: MessageTypeDefinition<_concordat_v1_ConfirmBody, _concordat_v1_ConfirmBody__Output>
      ConfirmRequest: MessageTypeDefinition<_concordat_v1_ConfirmRequest, _concordat_v1_ConfirmRequest__Output>
      DealerShare: MessageTypeDefinition<_concordat_v1_DealerShare, _concordat_v1_DealerShare__Output>
      Dealers: MessageTypeDefinition<_concordat_v1_Dealers, _concordat_v1_Dealers__Output>
      DealtBox: MessageTypeDefinition<_concordat_v1_DealtBox, _concordat_v1_DealtBox__Output>
      Decline: MessageTypeDefinition<_concordat_v1_Decline, _concordat_v1_Decline__Output>
      DeliveredBox: MessageTypeDefinition<_concordat_v1_DeliveredBox, _concordat_v1_DeliveredBox__Output>
      DisputeBody: MessageTypeDefinition<_concordat_v1_DisputeBody, _concordat_v1_DisputeBody__Output>
      Finished: MessageTypeDefinition<_concordat_v1_Finished, _concordat_v1_Finished__Output>
      GetRequest: MessageTypeDefinition<_concordat_v1_GetRequest, _concordat_v1_GetRequest__Output>
      GroupChunksRequest: MessageTypeDefinition<_concordat_v1_GroupChunksRequest, _concordat_v1_GroupChunksRequest__Output>
      GroupStanding: MessageTypeDefinition<_concordat_v1_GroupStanding, _concordat_v1_GroupStanding__Output>
      NotChosen: MessageTypeDefinition<_concordat_v1_NotChosen, _concordat_v1_NotChosen__Output>
      Paused: MessageTypeDefinition<_concordat_v1_Paused, _concordat_v1_Paused__Output>
      Proposal: MessageTypeDefinition<_concordat_v1_Proposal, _concordat_v1_Proposal__Output>
      Published: MessageTypeDefinition<_concordat_v1_Published, _concordat_v1_Published__Output>
      PutFrame: MessageTypeDefinition<_concordat_v1_PutFrame, _concordat_v1_PutFrame__Output>
      PutHeader: MessageTypeDefinition<_concordat_v1_PutHeader, _concordat_v1_PutHeader__Output>
      PutReply: MessageTypeDefinition<_concordat_v1_PutReply, _concordat_v1_PutReply__Output>
      ReadyRequest: MessageTypeDefinition<_concordat_v1_ReadyRequest, _concordat_v1_ReadyRequest__Output>
      Receipt: MessageTypeDefinition<_concordat_v1_Receipt, _concordat_v1_Receipt__Output>
      ReceiptBody: MessageTypeDefinition<_concordat_v1_ReceiptBody, _concordat_v1_ReceiptBody__Output>
      ReceiptsReply: MessageTypeDefinition<_concordat_v1_ReceiptsReply, _concordat_v1_ReceiptsReply__Output>
      ReceiptsRequest: MessageTypeDefinition<_concordat_v1_ReceiptsRequest, _concordat_v1_ReceiptsRequest__Output>
      ResultBody: MessageTypeDefinition<_concordat_v1_ResultBody, _concordat_v1_ResultBody__Output>
      Results: SubtypeConstructor<typeof grpc.Client, _concordat_v1_ResultsClient> & { service: _concordat_v1_ResultsDefinition }
      RevealBody: MessageTypeDefinition<_concordat_v1_RevealBody, _concordat_v1_RevealBody__Output>
      RevealRequest: MessageTypeDefinition<_concordat_v1_RevealRequest, _concordat_v1_RevealRequest__Output>
      RevealedShare: MessageTypeDefinition<_concordat_v1_RevealedShare, _concordat_v1_RevealedShare__Output>
      RoundKey: MessageTypeDefinition<_concordat_v1_RoundKey, _concordat_v1_RoundKey__Output>
      RoundSum: MessageTypeDefinition<_concordat_v1_RoundSum, _concordat_v1_RoundSum__Output>
      Rounds: SubtypeConstructor<typeof grpc.Client, _concordat_v1_RoundsClient> & { service: _concordat_v1_RoundsDefinition }
      RunOffer: MessageTypeDefinition<_concordat_v1_RunOffer, _concordat_v1_RunOffer__Output>
      SegmentSpec: MessageTypeDefinition<_concordat_v1_SegmentSpec, _concordat_v1_SegmentSpec__Output>
      ServedChunk: MessageTypeDefinition<_concordat_v1_ServedChunk, _concordat_v1_ServedChunk__Output>
      SessionConfigBody: MessageTypeDefinition<_concordat_v1_SessionConfigBody, _concordat_v1_SessionConfigBody__Output>
      SessionFrame: MessageTypeDefinition<_concordat_v1_SessionFrame, _concordat_v1_SessionFrame__Output>
      ShareBody: MessageTypeDefinition<_concordat_v1_ShareBody, _concordat_v1_ShareBody__Output>
      ShareRequest: MessageTypeDefinition<_concordat_v1_ShareRequest, _concordat_v1_ShareRequest__Output>
      ShowResultReply: MessageTypeDefinition<_concordat_v1_ShowResultReply, _concordat_v1_ShowResultReply__Output>
      ShowResultRequest: MessageTypeDefinition<_concordat_v1_ShowResultRequest, _concordat_v1_ShowResultRequest__Output>
      ShownReceipt: MessageTypeDefinition<_concordat_v1_ShownReceipt, _concordat_v1_ShownReceipt__Output>
      SignResultRequest: MessageTypeDefinition<_concordat_v1_SignResultRequest, _concordat_v1_SignResultRequest__Output>
      SignedBody: MessageTypeDefinition<_concordat_v1_SignedBody, _concordat_v1_SignedBody__Output>
      SignedUpload: MessageTypeDefinition<_concordat_v1_SignedUpload, _concordat_v1_SignedUpload__Output>
      StatementSignature: MessageTypeDefinition<_concordat_v1_StatementSignature, _concordat_v1_StatementSignature__Output>
      SurvivorsBody: MessageTypeDefinition<_concordat_v1_SurvivorsBody, _concordat_v1_SurvivorsBody__Output>
      Train: MessageTypeDefinition<_concordat_v1_Train, _concordat_v1_Train__Output>
      Transcript: MessageTypeDefinition<_concordat_v1_Transcript, _concordat_v1_Transcript__Output>
      UploadBegun: MessageTypeDefinition<_concordat_v1_UploadBegun, _concordat_v1_UploadBegun__Output>
      UploadBody: MessageTypeDefinition<_concordat_v1_UploadBody, _concordat_v1_UploadBody__Output>
      UploadFrame: MessageTypeDefinition<_concordat_v1_UploadFrame, _concordat_v1_UploadFrame__Output>
      UploadHeader: MessageTypeDefinition<_concordat_v1_UploadHeader, _concordat_v1_UploadHeader__Output>
      Waiting: MessageTypeDefinition<_concordat_v1_Waiting, _concordat_v1_Waiting__Output>
      Welcome: MessageTypeDefinition<_concordat_v1_Welcome, _concordat_v1_Welcome__Output>
    }
  }
}

