// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AdmitRequest as _concordat_v1_AdmitRequest, AdmitRequest__Output as _concordat_v1_AdmitRequest__Output } from '../../concordat/v1/AdmitRequest.js';
import type { ChangeRequest as _concordat_v1_ChangeRequest, ChangeRequest__Output as _concordat_v1_ChangeRequest__Output } from '../../concordat/v1/ChangeRequest.js';
import type { EnrollReply as _concordat_v1_EnrollReply, EnrollReply__Output as _concordat_v1_EnrollReply__Output } from '../../concordat/v1/EnrollReply.js';
import type { EnrollRequest as _concordat_v1_EnrollRequest, EnrollRequest__Output as _concordat_v1_EnrollRequest__Output } from '../../concordat/v1/EnrollRequest.js';
import type { EnrollmentRequest as _concordat_v1_EnrollmentRequest, EnrollmentRequest__Output as _concordat_v1_EnrollmentRequest__Output } from '../../concordat/v1/EnrollmentRequest.js';
import type { InviteReply as _concordat_v1_InviteReply, InviteReply__Output as _concordat_v1_InviteReply__Output } from '../../concordat/v1/InviteReply.js';
import type { InviteRequest as _concordat_v1_InviteRequest, InviteRequest__Output as _concordat_v1_InviteRequest__Output } from '../../concordat/v1/InviteRequest.js';
import type { ParticipantsReply as _concordat_v1_ParticipantsReply, ParticipantsReply__Output as _concordat_v1_ParticipantsReply__Output } from '../../concordat/v1/ParticipantsReply.js';
import type { ParticipantsRequest as _concordat_v1_ParticipantsRequest, ParticipantsRequest__Output as _concordat_v1_ParticipantsRequest__Output } from '../../concordat/v1/ParticipantsRequest.js';
import type { RenewReply as _concordat_v1_RenewReply, RenewReply__Output as _concordat_v1_RenewReply__Output } from '../../concordat/v1/RenewReply.js';
import type { RenewRequest as _concordat_v1_RenewRequest, RenewRequest__Output as _concordat_v1_RenewRequest__Output } from '../../concordat/v1/RenewRequest.js';
import type { RosterReply as _concordat_v1_RosterReply, RosterReply__Output as _concordat_v1_RosterReply__Output } from '../../concordat/v1/RosterReply.js';
import type { RosterRequest as _concordat_v1_RosterRequest, RosterRequest__Output as _concordat_v1_RosterRequest__Output } from '../../concordat/v1/RosterRequest.js';

export interface MembershipClient extends grpc.Client {
  Admit(argument: _concordat_v1_AdmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Admit(argument: _concordat_v1_AdmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Admit(argument: _concordat_v1_AdmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Admit(argument: _concordat_v1_AdmitRequest, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  admit(argument: _concordat_v1_AdmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  admit(argument: _concordat_v1_AdmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  admit(argument: _concordat_v1_AdmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  admit(argument: _concordat_v1_AdmitRequest, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  
  Change(argument: _concordat_v1_ChangeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Change(argument: _concordat_v1_ChangeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Change(argument: _concordat_v1_ChangeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Change(argument: _concordat_v1_ChangeRequest, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  change(argument: _concordat_v1_ChangeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  change(argument: _concordat_v1_ChangeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  change(argument: _concordat_v1_ChangeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  change(argument: _concordat_v1_ChangeRequest, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  
  Enroll(argument: _concordat_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _concordat_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _concordat_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _concordat_v1_EnrollRequest, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enroll(argument: _concordat_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enroll(argument: _concordat_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enroll(argument: _concordat_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enroll(argument: _concordat_v1_EnrollRequest, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  
  Enrollment(argument: _concordat_v1_EnrollmentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  Enrollment(argument: _concordat_v1_EnrollmentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  Enrollment(argument: _concordat_v1_EnrollmentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  Enrollment(argument: _concordat_v1_EnrollmentRequest, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enrollment(argument: _concordat_v1_EnrollmentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enrollment(argument: _concordat_v1_EnrollmentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enrollment(argument: _concordat_v1_EnrollmentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  enrollment(argument: _concordat_v1_EnrollmentRequest, callback: grpc.requestCallback<_concordat_v1_EnrollReply__Output>): grpc.ClientUnaryCall;
  
  Invite(argument: _concordat_v1_InviteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  Invite(argument: _concordat_v1_InviteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  Invite(argument: _concordat_v1_InviteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  Invite(argument: _concordat_v1_InviteRequest, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  invite(argument: _concordat_v1_InviteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  invite(argument: _concordat_v1_InviteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  invite(argument: _concordat_v1_InviteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  invite(argument: _concordat_v1_InviteRequest, callback: grpc.requestCallback<_concordat_v1_InviteReply__Output>): grpc.ClientUnaryCall;
  
  Participants(argument: _concordat_v1_ParticipantsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  Participants(argument: _concordat_v1_ParticipantsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  Participants(argument: _concordat_v1_ParticipantsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  Participants(argument: _concordat_v1_ParticipantsRequest, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  participants(argument: _concordat_v1_ParticipantsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  participants(argument: _concordat_v1_ParticipantsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  participants(argument: _concordat_v1_ParticipantsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  participants(argument: _concordat_v1_ParticipantsRequest, callback: grpc.requestCallback<_concordat_v1_ParticipantsReply__Output>): grpc.ClientUnaryCall;
  
  Renew(argument: _concordat_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  Renew(argument: _concordat_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  Renew(argument: _concordat_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  Renew(argument: _concordat_v1_RenewRequest, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  renew(argument: _concordat_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  renew(argument: _concordat_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  renew(argument: _concordat_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  renew(argument: _concordat_v1_RenewRequest, callback: grpc.requestCallback<_concordat_v1_RenewReply__Output>): grpc.ClientUnaryCall;
  
  Roster(argument: _concordat_v1_RosterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Roster(argument: _concordat_v1_RosterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Roster(argument: _concordat_v1_RosterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  Roster(argument: _concordat_v1_RosterRequest, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  roster(argument: _concordat_v1_RosterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  roster(argument: _concordat_v1_RosterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  roster(argument: _concordat_v1_RosterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  roster(argument: _concordat_v1_RosterRequest, callback: grpc.requestCallback<_concordat_v1_RosterReply__Output>): grpc.ClientUnaryCall;
  
}

export interface MembershipHandlers extends grpc.UntypedServiceImplementation {
  Admit: grpc.handleUnaryCall<_concordat_v1_AdmitRequest__Output, _concordat_v1_RosterReply>;
  
  Change: grpc.handleUnaryCall<_concordat_v1_ChangeRequest__Output, _concordat_v1_RosterReply>;
  
  Enroll: grpc.handleUnaryCall<_concordat_v1_EnrollRequest__Output, _concordat_v1_EnrollReply>;
  
  Enrollment: grpc.handleUnaryCall<_concordat_v1_EnrollmentRequest__Output, _concordat_v1_EnrollReply>;
  
  Invite: grpc.handleUnaryCall<_concordat_v1_InviteRequest__Output, _concordat_v1_InviteReply>;
  
  Participants: grpc.handleUnaryCall<_concordat_v1_ParticipantsRequest__Output, _concordat_v1_ParticipantsReply>;
  
  Renew: grpc.handleUnaryCall<_concordat_v1_RenewRequest__Output, _concordat_v1_RenewReply>;
  
  Roster: grpc.handleUnaryCall<_concordat_v1_RosterRequest__Output, _concordat_v1_RosterReply>;
  
}

export interface MembershipDefinition extends grpc.ServiceDefinition {
  Admit: MethodDefinition<_concordat_v1_AdmitRequest, _concordat_v1_RosterReply, _concordat_v1_AdmitRequest__Output, _concordat_v1_RosterReply__Output>
  Change: MethodDefinition<_concordat_v1_ChangeRequest, _concordat_v1_RosterReply, _concordat_v1_ChangeRequest__Output, _concordat_v1_RosterReply__Output>
  Enroll: MethodDefinition<_concordat_v1_EnrollRequest, _concordat_v1_EnrollReply, _concordat_v1_EnrollRequest__Output, _concordat_v1_EnrollReply__Output>
  Enrollment: MethodDefinition<_concordat_v1_EnrollmentRequest, _concordat_v1_EnrollReply, _concordat_v1_EnrollmentRequest__Output, _concordat_v1_EnrollReply__Output>
  Invite: MethodDefinition<_concordat_v1_InviteRequest, _concordat_v1_InviteReply, _concordat_v1_InviteRequest__Output, _concordat_v1_InviteReply__Output>
  Participants: MethodDefinition<_concordat_v1_ParticipantsRequest, _concordat_v1_ParticipantsReply, _concordat_v1_ParticipantsRequest__Output, _concordat_v1_ParticipantsReply__Output>
  Renew: MethodDefinition<_concordat_v1_RenewRequest, _concordat_v1_RenewReply, _concordat_v1_RenewRequest__Output, _concordat_v1_RenewReply__Output>
  Roster: MethodDefinition<_concordat_v1_RosterRequest, _concordat_v1_RosterReply, _concordat_v1_RosterRequest__Output, _concordat_v1_RosterReply__Output>
}
