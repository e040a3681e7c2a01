// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { BlobChunk as _concordat_v1_BlobChunk, BlobChunk__Output as _concordat_v1_BlobChunk__Output } from '../../concordat/v1/BlobChunk.js';
import type { GetRequest as _concordat_v1_GetRequest, GetRequest__Output as _concordat_v1_GetRequest__Output } from '../../concordat/v1/GetRequest.js';
import type { PutFrame as _concordat_v1_PutFrame, PutFrame__Output as _concordat_v1_PutFrame__Output } from '../../concordat/v1/PutFrame.js';
import type { PutReply as _concordat_v1_PutReply, PutReply__Output as _concordat_v1_PutReply__Output } from '../../concordat/v1/PutReply.js';
import type { Receipt as _concordat_v1_Receipt, Receipt__Output as _concordat_v1_Receipt__Output } from '../../concordat/v1/Receipt.js';
import type { UploadBegun as _concordat_v1_UploadBegun, UploadBegun__Output as _concordat_v1_UploadBegun__Output } from '../../concordat/v1/UploadBegun.js';
import type { UploadFrame as _concordat_v1_UploadFrame, UploadFrame__Output as _concordat_v1_UploadFrame__Output } from '../../concordat/v1/UploadFrame.js';
import type { UploadHeader as _concordat_v1_UploadHeader, UploadHeader__Output as _concordat_v1_UploadHeader__Output } from '../../concordat/v1/UploadHeader.js';

export interface BlobsClient extends grpc.Client {
  BeginMaskedUpdate(argument: _concordat_v1_UploadHeader, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  BeginMaskedUpdate(argument: _concordat_v1_UploadHeader, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  BeginMaskedUpdate(argument: _concordat_v1_UploadHeader, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  BeginMaskedUpdate(argument: _concordat_v1_UploadHeader, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  beginMaskedUpdate(argument: _concordat_v1_UploadHeader, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  beginMaskedUpdate(argument: _concordat_v1_UploadHeader, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  beginMaskedUpdate(argument: _concordat_v1_UploadHeader, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  beginMaskedUpdate(argument: _concordat_v1_UploadHeader, callback: grpc.requestCallback<_concordat_v1_UploadBegun__Output>): grpc.ClientUnaryCall;
  
  Get(argument: _concordat_v1_GetRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_BlobChunk__Output>;
  Get(argument: _concordat_v1_GetRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_BlobChunk__Output>;
  get(argument: _concordat_v1_GetRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_BlobChunk__Output>;
  get(argument: _concordat_v1_GetRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_BlobChunk__Output>;
  
  Put(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  Put(metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  Put(options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  Put(callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  put(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  put(metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  put(options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  put(callback: grpc.requestCallback<_concordat_v1_PutReply__Output>): grpc.ClientWritableStream<_concordat_v1_PutFrame>;
  
  UploadMaskedUpdate(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  UploadMaskedUpdate(metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  UploadMaskedUpdate(options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  UploadMaskedUpdate(callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  uploadMaskedUpdate(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  uploadMaskedUpdate(metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  uploadMaskedUpdate(options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  uploadMaskedUpdate(callback: grpc.requestCallback<_concordat_v1_Receipt__Output>): grpc.ClientWritableStream<_concordat_v1_UploadFrame>;
  
}

export interface BlobsHandlers extends grpc.UntypedServiceImplementation {
  BeginMaskedUpdate: grpc.handleUnaryCall<_concordat_v1_UploadHeader__Output, _concordat_v1_UploadBegun>;
  
  Get: grpc.handleServerStreamingCall<_concordat_v1_GetRequest__Output, _concordat_v1_BlobChunk>;
  
  Put: grpc.handleClientStreamingCall<_concordat_v1_PutFrame__Output, _concordat_v1_PutReply>;
  
  UploadMaskedUpdate: grpc.handleClientStreamingCall<_concordat_v1_UploadFrame__Output, _concordat_v1_Receipt>;
  
}

export interface BlobsDefinition extends grpc.ServiceDefinition {
  BeginMaskedUpdate: MethodDefinition<_concordat_v1_UploadHeader, _concordat_v1_UploadBegun, _concordat_v1_UploadHeader__Output, _concordat_v1_UploadBegun__Output>
  Get: MethodDefinition<_concordat_v1_GetRequest, _concordat_v1_BlobChunk, _concordat_v1_GetRequest__Output, _concordat_v1_BlobChunk__Output>
  Put: MethodDefinition<_concordat_v1_PutFrame, _concordat_v1_PutReply, _concordat_v1_PutFrame__Output, _concordat_v1_PutReply__Output>
  UploadMaskedUpdate: MethodDefinition<_concordat_v1_UploadFrame, _concordat_v1_Receipt, _concordat_v1_UploadFrame__Output, _concordat_v1_Receipt__Output>
}
