// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { EndRunReply as _concordat_v1_EndRunReply, EndRunReply__Output as _concordat_v1_EndRunReply__Output } from '../../concordat/v1/EndRunReply.js';
import type { EndRunRequest as _concordat_v1_EndRunRequest, EndRunRequest__Output as _concordat_v1_EndRunRequest__Output } from '../../concordat/v1/EndRunRequest.js';
import type { ExplainReply as _concordat_v1_ExplainReply, ExplainReply__Output as _concordat_v1_ExplainReply__Output } from '../../concordat/v1/ExplainReply.js';
import type { ExplainRequest as _concordat_v1_ExplainRequest, ExplainRequest__Output as _concordat_v1_ExplainRequest__Output } from '../../concordat/v1/ExplainRequest.js';
import type { JournalReply as _concordat_v1_JournalReply, JournalReply__Output as _concordat_v1_JournalReply__Output } from '../../concordat/v1/JournalReply.js';
import type { JournalRequest as _concordat_v1_JournalRequest, JournalRequest__Output as _concordat_v1_JournalRequest__Output } from '../../concordat/v1/JournalRequest.js';
import type { PauseRunReply as _concordat_v1_PauseRunReply, PauseRunReply__Output as _concordat_v1_PauseRunReply__Output } from '../../concordat/v1/PauseRunReply.js';
import type { PauseRunRequest as _concordat_v1_PauseRunRequest, PauseRunRequest__Output as _concordat_v1_PauseRunRequest__Output } from '../../concordat/v1/PauseRunRequest.js';
import type { ResumeRunReply as _concordat_v1_ResumeRunReply, ResumeRunReply__Output as _concordat_v1_ResumeRunReply__Output } from '../../concordat/v1/ResumeRunReply.js';
import type { ResumeRunRequest as _concordat_v1_ResumeRunRequest, ResumeRunRequest__Output as _concordat_v1_ResumeRunRequest__Output } from '../../concordat/v1/ResumeRunRequest.js';
import type { RunEvent as _concordat_v1_RunEvent, RunEvent__Output as _concordat_v1_RunEvent__Output } from '../../concordat/v1/RunEvent.js';
import type { StartRunReply as _concordat_v1_StartRunReply, StartRunReply__Output as _concordat_v1_StartRunReply__Output } from '../../concordat/v1/StartRunReply.js';
import type { StartRunRequest as _concordat_v1_StartRunRequest, StartRunRequest__Output as _concordat_v1_StartRunRequest__Output } from '../../concordat/v1/StartRunRequest.js';
import type { StatusReply as _concordat_v1_StatusReply, StatusReply__Output as _concordat_v1_StatusReply__Output } from '../../concordat/v1/StatusReply.js';
import type { StatusRequest as _concordat_v1_StatusRequest, StatusRequest__Output as _concordat_v1_StatusRequest__Output } from '../../concordat/v1/StatusRequest.js';
import type { WatchRunRequest as _concordat_v1_WatchRunRequest, WatchRunRequest__Output as _concordat_v1_WatchRunRequest__Output } from '../../concordat/v1/WatchRunRequest.js';

export interface RunsClient extends grpc.Client {
  End(argument: _concordat_v1_EndRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  End(argument: _concordat_v1_EndRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  End(argument: _concordat_v1_EndRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  End(argument: _concordat_v1_EndRunRequest, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  end(argument: _concordat_v1_EndRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  end(argument: _concordat_v1_EndRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  end(argument: _concordat_v1_EndRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  end(argument: _concordat_v1_EndRunRequest, callback: grpc.requestCallback<_concordat_v1_EndRunReply__Output>): grpc.ClientUnaryCall;
  
  Explain(argument: _concordat_v1_ExplainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  Explain(argument: _concordat_v1_ExplainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  Explain(argument: _concordat_v1_ExplainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  Explain(argument: _concordat_v1_ExplainRequest, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  explain(argument: _concordat_v1_ExplainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  explain(argument: _concordat_v1_ExplainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  explain(argument: _concordat_v1_ExplainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  explain(argument: _concordat_v1_ExplainRequest, callback: grpc.requestCallback<_concordat_v1_ExplainReply__Output>): grpc.ClientUnaryCall;
  
  Journal(argument: _concordat_v1_JournalRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  Journal(argument: _concordat_v1_JournalRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  Journal(argument: _concordat_v1_JournalRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  Journal(argument: _concordat_v1_JournalRequest, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  journal(argument: _concordat_v1_JournalRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  journal(argument: _concordat_v1_JournalRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  journal(argument: _concordat_v1_JournalRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  journal(argument: _concordat_v1_JournalRequest, callback: grpc.requestCallback<_concordat_v1_JournalReply__Output>): grpc.ClientUnaryCall;
  
  Pause(argument: _concordat_v1_PauseRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  Pause(argument: _concordat_v1_PauseRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  Pause(argument: _concordat_v1_PauseRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  Pause(argument: _concordat_v1_PauseRunRequest, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  pause(argument: _concordat_v1_PauseRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  pause(argument: _concordat_v1_PauseRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  pause(argument: _concordat_v1_PauseRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  pause(argument: _concordat_v1_PauseRunRequest, callback: grpc.requestCallback<_concordat_v1_PauseRunReply__Output>): grpc.ClientUnaryCall;
  
  Resume(argument: _concordat_v1_ResumeRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  Resume(argument: _concordat_v1_ResumeRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  Resume(argument: _concordat_v1_ResumeRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  Resume(argument: _concordat_v1_ResumeRunRequest, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  resume(argument: _concordat_v1_ResumeRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  resume(argument: _concordat_v1_ResumeRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  resume(argument: _concordat_v1_ResumeRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  resume(argument: _concordat_v1_ResumeRunRequest, callback: grpc.requestCallback<_concordat_v1_ResumeRunReply__Output>): grpc.ClientUnaryCall;
  
  Start(argument: _concordat_v1_StartRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  Start(argument: _concordat_v1_StartRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  Start(argument: _concordat_v1_StartRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  Start(argument: _concordat_v1_StartRunRequest, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  start(argument: _concordat_v1_StartRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  start(argument: _concordat_v1_StartRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  start(argument: _concordat_v1_StartRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  start(argument: _concordat_v1_StartRunRequest, callback: grpc.requestCallback<_concordat_v1_StartRunReply__Output>): grpc.ClientUnaryCall;
  
  Status(argument: _concordat_v1_StatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  Status(argument: _concordat_v1_StatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  Status(argument: _concordat_v1_StatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  Status(argument: _concordat_v1_StatusRequest, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  status(argument: _concordat_v1_StatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  status(argument: _concordat_v1_StatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  status(argument: _concordat_v1_StatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  status(argument: _concordat_v1_StatusRequest, callback: grpc.requestCallback<_concordat_v1_StatusReply__Output>): grpc.ClientUnaryCall;
  
  Watch(argument: _concordat_v1_WatchRunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_RunEvent__Output>;
  Watch(argument: _concordat_v1_WatchRunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_RunEvent__Output>;
  watch(argument: _concordat_v1_WatchRunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_RunEvent__Output>;
  watch(argument: _concordat_v1_WatchRunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_concordat_v1_RunEvent__Output>;
  
}

export interface RunsHandlers extends grpc.UntypedServiceImplementation {
  End: grpc.handleUnaryCall<_concordat_v1_EndRunRequest__Output, _concordat_v1_EndRunReply>;
  
  Explain: grpc.handleUnaryCall<_concordat_v1_ExplainRequest__Output, _concordat_v1_ExplainReply>;
  
  Journal: grpc.handleUnaryCall<_concordat_v1_JournalRequest__Output, _concordat_v1_JournalReply>;
  
  Pause: grpc.handleUnaryCall<_concordat_v1_PauseRunRequest__Output, _concordat_v1_PauseRunReply>;
  
  Resume: grpc.handleUnaryCall<_concordat_v1_ResumeRunRequest__Output, _concordat_v1_ResumeRunReply>;
  
  Start: grpc.handleUnaryCall<_concordat_v1_StartRunRequest__Output, _concordat_v1_StartRunReply>;
  
  Status: grpc.handleUnaryCall<_concordat_v1_StatusRequest__Output, _concordat_v1_StatusReply>;
  
  Watch: grpc.handleServerStreamingCall<_concordat_v1_WatchRunRequest__Output, _concordat_v1_RunEvent>;
  
}

export interface RunsDefinition extends grpc.ServiceDefinition {
  End: MethodDefinition<_concordat_v1_EndRunRequest, _concordat_v1_EndRunReply, _concordat_v1_EndRunRequest__Output, _concordat_v1_EndRunReply__Output>
  Explain: MethodDefinition<_concordat_v1_ExplainRequest, _concordat_v1_ExplainReply, _concordat_v1_ExplainRequest__Output, _concordat_v1_ExplainReply__Output>
  Journal: MethodDefinition<_concordat_v1_JournalRequest, _concordat_v1_JournalReply, _concordat_v1_JournalRequest__Output, _concordat_v1_JournalReply__Output>
  Pause: MethodDefinition<_concordat_v1_PauseRunRequest, _concordat_v1_PauseRunReply, _concordat_v1_PauseRunRequest__Output, _concordat_v1_PauseRunReply__Output>
  Resume: MethodDefinition<_concordat_v1_ResumeRunRequest, _concordat_v1_ResumeRunReply, _concordat_v1_ResumeRunRequest__Output, _concordat_v1_ResumeRunReply__Output>
  Start: MethodDefinition<_concordat_v1_StartRunRequest, _concordat_v1_StartRunReply, _concordat_v1_StartRunRequest__Output, _concordat_v1_StartRunReply__Output>
  Status: MethodDefinition<_concordat_v1_StatusRequest, _concordat_v1_StatusReply, _concordat_v1_StatusRequest__Output, _concordat_v1_StatusReply__Output>
  Watch: MethodDefinition<_concordat_v1_WatchRunRequest, _concordat_v1_RunEvent, _concordat_v1_WatchRunRequest__Output, _concordat_v1_RunEvent__Output>
}
