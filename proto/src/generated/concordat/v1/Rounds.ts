// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AbortRequest as _concordat_v1_AbortRequest, AbortRequest__Output as _concordat_v1_AbortRequest__Output } from '../../concordat/v1/AbortRequest.js';
import type { AdvertiseRequest as _concordat_v1_AdvertiseRequest, AdvertiseRequest__Output as _concordat_v1_AdvertiseRequest__Output } from '../../concordat/v1/AdvertiseRequest.js';
import type { AnswerRequest as _concordat_v1_AnswerRequest, AnswerRequest__Output as _concordat_v1_AnswerRequest__Output } from '../../concordat/v1/AnswerRequest.js';
import type { Assignment as _concordat_v1_Assignment, Assignment__Output as _concordat_v1_Assignment__Output } from '../../concordat/v1/Assignment.js';
import type { CertifyRequest as _concordat_v1_CertifyRequest, CertifyRequest__Output as _concordat_v1_CertifyRequest__Output } from '../../concordat/v1/CertifyRequest.js';
import type { CheckInRequest as _concordat_v1_CheckInRequest, CheckInRequest__Output as _concordat_v1_CheckInRequest__Output } from '../../concordat/v1/CheckInRequest.js';
import type { ConfirmRequest as _concordat_v1_ConfirmRequest, ConfirmRequest__Output as _concordat_v1_ConfirmRequest__Output } from '../../concordat/v1/ConfirmRequest.js';
import type { ReadyRequest as _concordat_v1_ReadyRequest, ReadyRequest__Output as _concordat_v1_ReadyRequest__Output } from '../../concordat/v1/ReadyRequest.js';
import type { Receipt as _concordat_v1_Receipt, Receipt__Output as _concordat_v1_Receipt__Output } from '../../concordat/v1/Receipt.js';
import type { ReceiptsReply as _concordat_v1_ReceiptsReply, ReceiptsReply__Output as _concordat_v1_ReceiptsReply__Output } from '../../concordat/v1/ReceiptsReply.js';
import type { ReceiptsRequest as _concordat_v1_ReceiptsRequest, ReceiptsRequest__Output as _concordat_v1_ReceiptsRequest__Output } from '../../concordat/v1/ReceiptsRequest.js';
import type { RevealRequest as _concordat_v1_RevealRequest, RevealRequest__Output as _concordat_v1_RevealRequest__Output } from '../../concordat/v1/RevealRequest.js';
import type { ShareRequest as _concordat_v1_ShareRequest, ShareRequest__Output as _concordat_v1_ShareRequest__Output } from '../../concordat/v1/ShareRequest.js';

export interface RoundsClient extends grpc.Client {
  Abort(argument: _concordat_v1_AbortRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Abort(argument: _concordat_v1_AbortRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Abort(argument: _concordat_v1_AbortRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Abort(argument: _concordat_v1_AbortRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  abort(argument: _concordat_v1_AbortRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  abort(argument: _concordat_v1_AbortRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  abort(argument: _concordat_v1_AbortRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  abort(argument: _concordat_v1_AbortRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
  Advertise(argument: _concordat_v1_AdvertiseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Advertise(argument: _concordat_v1_AdvertiseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Advertise(argument: _concordat_v1_AdvertiseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Advertise(argument: _concordat_v1_AdvertiseRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  advertise(argument: _concordat_v1_AdvertiseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  advertise(argument: _concordat_v1_AdvertiseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  advertise(argument: _concordat_v1_AdvertiseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  advertise(argument: _concordat_v1_AdvertiseRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
  Answer(argument: _concordat_v1_AnswerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Answer(argument: _concordat_v1_AnswerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Answer(argument: _concordat_v1_AnswerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Answer(argument: _concordat_v1_AnswerRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  answer(argument: _concordat_v1_AnswerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  answer(argument: _concordat_v1_AnswerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  answer(argument: _concordat_v1_AnswerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  answer(argument: _concordat_v1_AnswerRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
  Certify(argument: _concordat_v1_CertifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Certify(argument: _concordat_v1_CertifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Certify(argument: _concordat_v1_CertifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Certify(argument: _concordat_v1_CertifyRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  certify(argument: _concordat_v1_CertifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  certify(argument: _concordat_v1_CertifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  certify(argument: _concordat_v1_CertifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  certify(argument: _concordat_v1_CertifyRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
  CheckIn(argument: _concordat_v1_CheckInRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_Assignment__Output>;
  CheckIn(argument: _concordat_v1_CheckInRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_Assignment__Output>;
  checkIn(argument: _concordat_v1_CheckInRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_Assignment__Output>;
  checkIn(argument: _concordat_v1_CheckInRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_Assignment__Output>;
  
  Confirm(argument: _concordat_v1_ConfirmRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Confirm(argument: _concordat_v1_ConfirmRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Confirm(argument: _concordat_v1_ConfirmRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Confirm(argument: _concordat_v1_ConfirmRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  confirm(argument: _concordat_v1_ConfirmRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  confirm(argument: _concordat_v1_ConfirmRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  confirm(argument: _concordat_v1_ConfirmRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  confirm(argument: _concordat_v1_ConfirmRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
  Ready(argument: _concordat_v1_ReadyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Ready(argument: _concordat_v1_ReadyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Ready(argument: _concordat_v1_ReadyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Ready(argument: _concordat_v1_ReadyRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  ready(argument: _concordat_v1_ReadyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  ready(argument: _concordat_v1_ReadyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  ready(argument: _concordat_v1_ReadyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  ready(argument: _concordat_v1_ReadyRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
  Receipts(argument: _concordat_v1_ReceiptsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  Receipts(argument: _concordat_v1_ReceiptsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  Receipts(argument: _concordat_v1_ReceiptsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  Receipts(argument: _concordat_v1_ReceiptsRequest, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  receipts(argument: _concordat_v1_ReceiptsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  receipts(argument: _concordat_v1_ReceiptsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  receipts(argument: _concordat_v1_ReceiptsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  receipts(argument: _concordat_v1_ReceiptsRequest, callback: grpc.requestCallback<_concordat_v1_ReceiptsReply__Output>): grpc.ClientUnaryCall;
  
  Reveal(argument: _concordat_v1_RevealRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Reveal(argument: _concordat_v1_RevealRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Reveal(argument: _concordat_v1_RevealRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Reveal(argument: _concordat_v1_RevealRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  reveal(argument: _concordat_v1_RevealRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  reveal(argument: _concordat_v1_RevealRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  reveal(argument: _concordat_v1_RevealRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  reveal(argument: _concordat_v1_RevealRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
  Share(argument: _concordat_v1_ShareRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Share(argument: _concordat_v1_ShareRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Share(argument: _concordat_v1_ShareRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Share(argument: _concordat_v1_ShareRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  share(argument: _concordat_v1_ShareRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  share(argument: _concordat_v1_ShareRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  share(argument: _concordat_v1_ShareRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  share(argument: _concordat_v1_ShareRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
}

export interface RoundsHandlers extends grpc.UntypedServiceImplementation {
  Abort: grpc.handleUnaryCall<_concordat_v1_AbortRequest__Output, _concordat_v1_Receipt>;
  
  Advertise: grpc.handleUnaryCall<_concordat_v1_AdvertiseRequest__Output, _concordat_v1_Receipt>;
  
  Answer: grpc.handleUnaryCall<_concordat_v1_AnswerRequest__Output, _concordat_v1_Receipt>;
  
  Certify: grpc.handleUnaryCall<_concordat_v1_CertifyRequest__Output, _concordat_v1_Receipt>;
  
  CheckIn: grpc.handleServerStreamingCall<_concordat_v1_CheckInRequest__Output, _concordat_v1_Assignment>;
  
  Confirm: grpc.handleUnaryCall<_concordat_v1_ConfirmRequest__Output, _concordat_v1_Receipt>;
  
  Ready: grpc.handleUnaryCall<_concordat_v1_ReadyRequest__Output, _concordat_v1_Receipt>;
  
  Receipts: grpc.handleUnaryCall<_concordat_v1_ReceiptsRequest__Output, _concordat_v1_ReceiptsReply>;
  
  Reveal: grpc.handleUnaryCall<_concordat_v1_RevealRequest__Output, _concordat_v1_Receipt>;
  
  Share: grpc.handleUnaryCall<_concordat_v1_ShareRequest__Output, _concordat_v1_Receipt>;
  
}

export interface RoundsDefinition extends grpc.ServiceDefinition {
  Abort: MethodDefinition<_concordat_v1_AbortRequest, _concordat_v1_Receipt, _concordat_v1_AbortRequest__Output, _concordat_v1_Receipt__Output>
  Advertise: MethodDefinition<_concordat_v1_AdvertiseRequest, _concordat_v1_Receipt, _concordat_v1_AdvertiseRequest__Output, _concordat_v1_Receipt__Output>
  Answer: MethodDefinition<_concordat_v1_AnswerRequest, _concordat_v1_Receipt, _concordat_v1_AnswerRequest__Output, _concordat_v1_Receipt__Output>
  Certify: MethodDefinition<_concordat_v1_CertifyRequest, _concordat_v1_Receipt, _concordat_v1_CertifyRequest__Output, _concordat_v1_Receipt__Output>
  CheckIn: MethodDefinition<_concordat_v1_CheckInRequest, _concordat_v1_Assignment, _concordat_v1_CheckInRequest__Output, _concordat_v1_Assignment__Output>
  Confirm: MethodDefinition<_concordat_v1_ConfirmRequest, _concordat_v1_Receipt, _concordat_v1_ConfirmRequest__Output, _concordat_v1_Receipt__Output>
  Ready: MethodDefinition<_concordat_v1_ReadyRequest, _concordat_v1_Receipt, _concordat_v1_ReadyRequest__Output, _concordat_v1_Receipt__Output>
  Receipts: MethodDefinition<_concordat_v1_ReceiptsRequest, _concordat_v1_ReceiptsReply, _concordat_v1_ReceiptsRequest__Output, _concordat_v1_ReceiptsReply__Output>
  Reveal: MethodDefinition<_concordat_v1_RevealRequest, _concordat_v1_Receipt, _concordat_v1_RevealRequest__Output, _concordat_v1_Receipt__Output>
  Share: MethodDefinition<_concordat_v1_ShareRequest, _concordat_v1_Receipt, _concordat_v1_ShareRequest__Output, _concordat_v1_Receipt__Output>
}
