// @ts-nocheck: the tool declares more than it uses.
import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AbortBody as _concordat_v1_AbortBody, AbortBody__Output as _concordat_v1_AbortBody__Output } from './concordat/v1/AbortBody.js';
import type { AdmitRequest as _concordat_v1_AdmitRequest, AdmitRequest__Output as _concordat_v1_AdmitRequest__Output } from './concordat/v1/AdmitRequest.js';
import type { AdvertBody as _concordat_v1_AdvertBody, AdvertBody__Output as _concordat_v1_AdvertBody__Output } from './concordat/v1/AdvertBody.js';
import type { AggregateBody as _concordat_v1_AggregateBody, AggregateBody__Output as _concordat_v1_AggregateBody__Output } from './concordat/v1/AggregateBody.js';
import type { ChangeRequest as _concordat_v1_ChangeRequest, ChangeRequest__Output as _concordat_v1_ChangeRequest__Output } from './concordat/v1/ChangeRequest.js';
import type { ConfirmBody as _concordat_v1_ConfirmBody, ConfirmBody__Output as _concordat_v1_ConfirmBody__Output } from './concordat/v1/ConfirmBody.js';
import type { DisputeBody as _concordat_v1_DisputeBody, DisputeBody__Output as _concordat_v1_DisputeBody__Output } from './concordat/v1/DisputeBody.js';
import type { EnrollReply as _concordat_v1_EnrollReply, EnrollReply__Output as _concordat_v1_EnrollReply__Output } from './concordat/v1/EnrollReply.js';
import type { EnrollRequest as _concordat_v1_EnrollRequest, EnrollRequest__Output as _concordat_v1_EnrollRequest__Output } from './concordat/v1/EnrollRequest.js';
import type { EnrollmentRequest as _concordat_v1_EnrollmentRequest, EnrollmentRequest__Output as _concordat_v1_EnrollmentRequest__Output } from './concordat/v1/EnrollmentRequest.js';
import type { InviteReply as _concordat_v1_InviteReply, InviteReply__Output as _concordat_v1_InviteReply__Output } from './concordat/v1/InviteReply.js';
import type { InviteRequest as _concordat_v1_InviteRequest, InviteRequest__Output as _concordat_v1_InviteRequest__Output } from './concordat/v1/InviteRequest.js';
import type { MembershipClient as _concordat_v1_MembershipClient, MembershipDefinition as _concordat_v1_MembershipDefinition } from './concordat/v1/Membership.js';
import type { ParticipantEntry as _concordat_v1_ParticipantEntry, ParticipantEntry__Output as _concordat_v1_ParticipantEntry__Output } from './concordat/v1/ParticipantEntry.js';
import type { ParticipantsReply as _concordat_v1_ParticipantsReply, ParticipantsReply__Output as _concordat_v1_ParticipantsReply__Output } from './concordat/v1/ParticipantsReply.js';
import type { ParticipantsRequest as _concordat_v1_ParticipantsRequest, ParticipantsRequest__Output as _concordat_v1_ParticipantsRequest__Output } from './concordat/v1/ParticipantsRequest.js';
import type { ReceiptBody as _concordat_v1_ReceiptBody, ReceiptBody__Output as _concordat_v1_ReceiptBody__Output } from './concordat/v1/ReceiptBody.js';
import type { RenewReply as _concordat_v1_RenewReply, RenewReply__Output as _concordat_v1_RenewReply__Output } from './concordat/v1/RenewReply.js';
import type { RenewRequest as _concordat_v1_RenewRequest, RenewRequest__Output as _concordat_v1_RenewRequest__Output } from './concordat/v1/RenewRequest.js';
import type { ResultBody as _concordat_v1_ResultBody, ResultBody__Output as _concordat_v1_ResultBody__Output } from './concordat/v1/ResultBody.js';
import type { RevealBody as _concordat_v1_RevealBody, RevealBody__Output as _concordat_v1_RevealBody__Output } from './concordat/v1/RevealBody.js';
import type { RevealedShare as _concordat_v1_RevealedShare, RevealedShare__Output as _concordat_v1_RevealedShare__Output } from './concordat/v1/RevealedShare.js';
import type { RosterReply as _concordat_v1_RosterReply, RosterReply__Output as _concordat_v1_RosterReply__Output } from './concordat/v1/RosterReply.js';
import type { RosterRequest as _concordat_v1_RosterRequest, RosterRequest__Output as _concordat_v1_RosterRequest__Output } from './concordat/v1/RosterRequest.js';
import type { RoundSum as _concordat_v1_RoundSum, RoundSum__Output as _concordat_v1_RoundSum__Output } from './concordat/v1/RoundSum.js';
import type { SegmentSpec as _concordat_v1_SegmentSpec, SegmentSpec__Output as _concordat_v1_SegmentSpec__Output } from './concordat/v1/SegmentSpec.js';
import type { SessionConfigBody as _concordat_v1_SessionConfigBody, SessionConfigBody__Output as _concordat_v1_SessionConfigBody__Output } from './concordat/v1/SessionConfigBody.js';
import type { ShareBody as _concordat_v1_ShareBody, ShareBody__Output as _concordat_v1_ShareBody__Output } from './concordat/v1/ShareBody.js';
import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from './concordat/v1/SignedBody.js';
import type { SignedRoster as _concordat_v1_SignedRoster, SignedRoster__Output as _concordat_v1_SignedRoster__Output } from './concordat/v1/SignedRoster.js';
import type { SurvivorsBody as _concordat_v1_SurvivorsBody, SurvivorsBody__Output as _concordat_v1_SurvivorsBody__Output } from './concordat/v1/SurvivorsBody.js';
import type { UploadBody as _concordat_v1_UploadBody, UploadBody__Output as _concordat_v1_UploadBody__Output } from './concordat/v1/UploadBody.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  concordat: {
    v1: {
      AbortBody: MessageTypeDefinition<_concordat_v1_AbortBody, _concordat_v1_AbortBody__Output>
      AdmitRequest: MessageTypeDefinition<_concordat_v1_AdmitRequest, _concordat_v1_AdmitRequest__Output>
      AdvertBody: MessageTypeDefinition<_concordat_v1_AdvertBody, _concordat_v1_AdvertBody__Output>
      AggregateBody: MessageTypeDefinition<_concordat_v1_AggregateBody, _concordat_v1_AggregateBody__Output>
      ChangeRequest: MessageTypeDefinition<_concordat_v1_ChangeRequest, _concordat_v1_ChangeRequest__Output>
      ConfirmBody: MessageTypeDefinition<_concordat_v1_ConfirmBody, _concordat_v1_ConfirmBody__Output>
      DisputeBody: MessageTypeDefinition<_concordat_v1_DisputeBody, _concordat_v1_DisputeBody__Output>
      EnrollReply: MessageTypeDefinition<_concordat_v1_EnrollReply, _concordat_v1_EnrollReply__Output>
      EnrollRequest: MessageTypeDefinition<_concordat_v1_EnrollRequest, _concordat_v1_EnrollRequest__Output>
      EnrollmentRequest: MessageTypeDefinition<_concordat_v1_EnrollmentRequest, _concordat_v1_EnrollmentRequest__Output>
      InviteReply: MessageTypeDefinition<_concordat_v1_InviteReply, _concordat_v1_InviteReply__Output>
      InviteRequest: MessageTypeDefinition<_concordat_v1_InviteRequest, _concordat_v1_InviteRequest__Output>
      Membership: SubtypeConstructor<typeof grpc.Client, _concordat_v1_MembershipClient> & { service: _concordat_v1_MembershipDefinition }
      ParticipantEntry: MessageTypeDefinition<_concordat_v1_ParticipantEntry, _concordat_v1_ParticipantEntry__Output>
      ParticipantsReply: MessageTypeDefinition<_concordat_v1_ParticipantsReply, _concordat_v1_ParticipantsReply__Output>
      ParticipantsRequest: MessageTypeDefinition<_concordat_v1_ParticipantsRequest, _concordat_v1_ParticipantsRequest__Output>
      ReceiptBody: MessageTypeDefinition<_concordat_v1_ReceiptBody, _concordat_v1_ReceiptBody__Output>
      RenewReply: MessageTypeDefinition<_concordat_v1_RenewReply, _concordat_v1_RenewReply__Output>
      RenewRequest: MessageTypeDefinition<_concordat_v1_RenewRequest, _concordat_v1_RenewRequest__Output>
      ResultBody: MessageTypeDefinition<_concordat_v1_ResultBody, _concordat_v1_ResultBody__Output>
      RevealBody: MessageTypeDefinition<_concordat_v1_RevealBody, _concordat_v1_RevealBody__Output>
      RevealedShare: MessageTypeDefinition<_concordat_v1_RevealedShare, _concordat_v1_RevealedShare__Output>
      RosterReply: MessageTypeDefinition<_concordat_v1_RosterReply, _concordat_v1_RosterReply__Output>
      RosterRequest: MessageTypeDefinition<_concordat_v1_RosterRequest, _concordat_v1_RosterRequest__Output>
      RoundSum: MessageTypeDefinition<_concordat_v1_RoundSum, _concordat_v1_RoundSum__Output>
      SegmentSpec: MessageTypeDefinition<_concordat_v1_SegmentSpec, _concordat_v1_SegmentSpec__Output>
      SessionConfigBody: MessageTypeDefinition<_concordat_v1_SessionConfigBody, _concordat_v1_SessionConfigBody__Output>
      ShareBody: MessageTypeDefinition<_concordat_v1_ShareBody, _concordat_v1_ShareBody__Output>
      SignedBody: MessageTypeDefinition<_concordat_v1_SignedBody, _concordat_v1_SignedBody__Output>
      SignedRoster: MessageTypeDefinition<_concordat_v1_SignedRoster, _concordat_v1_SignedRoster__Output>
      SurvivorsBody: MessageTypeDefinition<_concordat_v1_SurvivorsBody, _concordat_v1_SurvivorsBody__Output>
      UploadBody: MessageTypeDefinition<_concordat_v1_UploadBody, _concordat_v1_UploadBody__Output>
    }
  }
}

