// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/plans.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetPlanReply as _concordat_v1_GetPlanReply, GetPlanReply__Output as _concordat_v1_GetPlanReply__Output } from '../../concordat/v1/GetPlanReply.js';
import type { GetPlanRequest as _concordat_v1_GetPlanRequest, GetPlanRequest__Output as _concordat_v1_GetPlanRequest__Output } from '../../concordat/v1/GetPlanRequest.js';
import type { ProposeReply as _concordat_v1_ProposeReply, ProposeReply__Output as _concordat_v1_ProposeReply__Output } from '../../concordat/v1/ProposeReply.js';
import type { ProposeRequest as _concordat_v1_ProposeRequest, ProposeRequest__Output as _concordat_v1_ProposeRequest__Output } from '../../concordat/v1/ProposeRequest.js';

export interface PlansClient extends grpc.Client {
  Get(argument: _concordat_v1_GetPlanRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  Get(argument: _concordat_v1_GetPlanRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  Get(argument: _concordat_v1_GetPlanRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  Get(argument: _concordat_v1_GetPlanRequest, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  get(argument: _concordat_v1_GetPlanRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  get(argument: _concordat_v1_GetPlanRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  get(argument: _concordat_v1_GetPlanRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  get(argument: _concordat_v1_GetPlanRequest, callback: grpc.requestCallback<_concordat_v1_GetPlanReply__Output>): grpc.ClientUnaryCall;
  
  Propose(argument: _concordat_v1_ProposeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  Propose(argument: _concordat_v1_ProposeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  Propose(argument: _concordat_v1_ProposeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  Propose(argument: _concordat_v1_ProposeRequest, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  propose(argument: _concordat_v1_ProposeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  propose(argument: _concordat_v1_ProposeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  propose(argument: _concordat_v1_ProposeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  propose(argument: _concordat_v1_ProposeRequest, callback: grpc.requestCallback<_concordat_v1_ProposeReply__Output>): grpc.ClientUnaryCall;
  
}

export interface PlansHandlers extends grpc.UntypedServiceImplementation {
  Get: grpc.handleUnaryCall<_concordat_v1_GetPlanRequest__Output, _concordat_v1_GetPlanReply>;
  
  Propose: grpc.handleUnaryCall<_concordat_v1_ProposeRequest__Output, _concordat_v1_ProposeReply>;
  
}

export interface PlansDefinition extends grpc.ServiceDefinition {
  Get: MethodDefinition<_concordat_v1_GetPlanRequest, _concordat_v1_GetPlanReply, _concordat_v1_GetPlanRequest__Output, _concordat_v1_GetPlanReply__Output>
  Propose: MethodDefinition<_concordat_v1_ProposeRequest, _concordat_v1_ProposeReply, _concordat_v1_ProposeRequest__Output, _concordat_v1_ProposeReply__Output>
}
