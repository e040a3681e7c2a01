// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/health.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { HealthReply as _concordat_v1_HealthReply, HealthReply__Output as _concordat_v1_HealthReply__Output } from '../../concordat/v1/HealthReply.js';
import type { HealthRequest as _concordat_v1_HealthRequest, HealthRequest__Output as _concordat_v1_HealthRequest__Output } from '../../concordat/v1/HealthRequest.js';

export interface HealthClient extends grpc.Client {
  Check(argument: _concordat_v1_HealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  Check(argument: _concordat_v1_HealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  Check(argument: _concordat_v1_HealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  Check(argument: _concordat_v1_HealthRequest, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  check(argument: _concordat_v1_HealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  check(argument: _concordat_v1_HealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  check(argument: _concordat_v1_HealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  check(argument: _concordat_v1_HealthRequest, callback: grpc.requestCallback<_concordat_v1_HealthReply__Output>): grpc.ClientUnaryCall;
  
}

export interface HealthHandlers extends grpc.UntypedServiceImplementation {
  Check: grpc.handleUnaryCall<_concordat_v1_HealthRequest__Output, _concordat_v1_HealthReply>;
  
}

export interface HealthDefinition extends grpc.ServiceDefinition {
  Check: MethodDefinition<_concordat_v1_HealthRequest, _concordat_v1_HealthReply, _concordat_v1_HealthRequest__Output, _concordat_v1_HealthReply__Output>
}
