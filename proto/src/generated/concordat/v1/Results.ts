// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ChunksRequest as _concordat_v1_ChunksRequest, ChunksRequest__Output as _concordat_v1_ChunksRequest__Output } from '../../concordat/v1/ChunksRequest.js';
import type { GroupChunksRequest as _concordat_v1_GroupChunksRequest, GroupChunksRequest__Output as _concordat_v1_GroupChunksRequest__Output } from '../../concordat/v1/GroupChunksRequest.js';
import type { Receipt as _concordat_v1_Receipt, Receipt__Output as _concordat_v1_Receipt__Output } from '../../concordat/v1/Receipt.js';
import type { ServedChunk as _concordat_v1_ServedChunk, ServedChunk__Output as _concordat_v1_ServedChunk__Output } from '../../concordat/v1/ServedChunk.js';
import type { ShowResultReply as _concordat_v1_ShowResultReply, ShowResultReply__Output as _concordat_v1_ShowResultReply__Output } from '../../concordat/v1/ShowResultReply.js';
import type { ShowResultRequest as _concordat_v1_ShowResultRequest, ShowResultRequest__Output as _concordat_v1_ShowResultRequest__Output } from '../../concordat/v1/ShowResultRequest.js';
import type { SignResultRequest as _concordat_v1_SignResultRequest, SignResultRequest__Output as _concordat_v1_SignResultRequest__Output } from '../../concordat/v1/SignResultRequest.js';

export interface ResultsClient extends grpc.Client {
  Chunks(argument: _concordat_v1_ChunksRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  Chunks(argument: _concordat_v1_ChunksRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  chunks(argument: _concordat_v1_ChunksRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  chunks(argument: _concordat_v1_ChunksRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  
  GroupChunks(argument: _concordat_v1_GroupChunksRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  GroupChunks(argument: _concordat_v1_GroupChunksRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  groupChunks(argument: _concordat_v1_GroupChunksRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  groupChunks(argument: _concordat_v1_GroupChunksRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_ServedChunk__Output>;
  
  Show(argument: _concordat_v1_ShowResultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  Show(argument: _concordat_v1_ShowResultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  Show(argument: _concordat_v1_ShowResultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  Show(argument: _concordat_v1_ShowResultRequest, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  show(argument: _concordat_v1_ShowResultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  show(argument: _concordat_v1_ShowResultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  show(argument: _concordat_v1_ShowResultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  show(argument: _concordat_v1_ShowResultRequest, callback: grpc.requestCallback<_concordat_v1_ShowResultReply__Output>): grpc.ClientUnaryCall;
  
  Sign(argument: _concordat_v1_SignResultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Sign(argument: _concordat_v1_SignResultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Sign(argument: _concordat_v1_SignResultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  Sign(argument: _concordat_v1_SignResultRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  sign(argument: _concordat_v1_SignResultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  sign(argument: _concordat_v1_SignResultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  sign(argument: _concordat_v1_SignResultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  sign(argument: _concordat_v1_SignResultRequest, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientUnaryCall;
  
}

export interface ResultsHandlers extends grpc.UntypedServiceImplementation {
  Chunks: grpc.handleServerStreamingCall<_concordat_v1_ChunksRequest__Output, _concordat_v1_ServedChunk>;
  
  GroupChunks: grpc.handleServerStreamingCall<_concordat_v1_GroupChunksRequest__Output, _concordat_v1_ServedChunk>;
  
  Show: grpc.handleUnaryCall<_concordat_v1_ShowResultRequest__Output, _concordat_v1_ShowResultReply>;
  
  Sign: grpc.handleUnaryCall<_concordat_v1_SignResultRequest__Output, _concordat_v1_Receipt>;
  
}

export interface ResultsDefinition extends grpc.ServiceDefinition {
  Chunks: MethodDefinition<_concordat_v1_ChunksRequest, _concordat_v1_ServedChunk, _concordat_v1_ChunksRequest__Output, _concordat_v1_ServedChunk__Output>
  GroupChunks: MethodDefinition<_concordat_v1_GroupChunksRequest, _concordat_v1_ServedChunk, _concordat_v1_GroupChunksRequest__Output, _concordat_v1_ServedChunk__Output>
  Show: MethodDefinition<_concordat_v1_ShowResultRequest, _concordat_v1_ShowResultReply, _concordat_v1_ShowResultRequest__Output, _concordat_v1_ShowResultReply__Output>
  Sign: MethodDefinition<_concordat_v1_SignResultRequest, _concordat_v1_Receipt, _concordat_v1_SignResultRequest__Output, _concordat_v1_Receipt__Output>
}
