// @ts-nocheck: the tool declares more than it uses.
import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { EndRunReply as _concordat_v1_EndRunReply, EndRunReply__Output as _concordat_v1_EndRunReply__Output } from './concordat/v1/EndRunReply.js';
import type { EndRunRequest as _concordat_v1_EndRunRequest, EndRunRequest__Output as _concordat_v1_EndRunRequest__Output } from './concordat/v1/EndRunRequest.js';
import type { ExplainReply as _concordat_v1_ExplainReply, ExplainReply__Output as _concordat_v1_ExplainReply__Output } from './concordat/v1/ExplainReply.js';
import type { ExplainRequest as _concordat_v1_ExplainRequest, ExplainRequest__Output as _concordat_v1_ExplainRequest__Output } from './concordat/v1/ExplainRequest.js';
import type { JournalReply as _concordat_v1_JournalReply, JournalReply__Output as _concordat_v1_JournalReply__Output } from './concordat/v1/JournalReply.js';
import type { JournalRequest as _concordat_v1_JournalRequest, JournalRequest__Output as _concordat_v1_JournalRequest__Output } from './concordat/v1/JournalRequest.js';
import type { PauseRunReply as _concordat_v1_PauseRunReply, PauseRunReply__Output as _concordat_v1_PauseRunReply__Output } from './concordat/v1/PauseRunReply.js';
import type { PauseRunRequest as _concordat_v1_PauseRunRequest, PauseRunRequest__Output as _concordat_v1_PauseRunRequest__Output } from './concordat/v1/PauseRunRequest.js';
import type { ResumeRunReply as _concordat_v1_ResumeRunReply, ResumeRunReply__Output as _concordat_v1_ResumeRunReply__Output } from './concordat/v1/ResumeRunReply.js';
import type { ResumeRunRequest as _concordat_v1_ResumeRunRequest, ResumeRunRequest__Output as _concordat_v1_ResumeRunRequest__Output } from './concordat/v1/ResumeRunRequest.js';
import type { RunEvent as _concordat_v1_RunEvent, RunEvent__Output as _concordat_v1_RunEvent__Output } from './concordat/v1/RunEvent.js';
import type { RunsClient as _concordat_v1_RunsClient, RunsDefinition as _concordat_v1_RunsDefinition } from './concordat/v1/Runs.js';
import type { StartRunReply as _concordat_v1_StartRunReply, StartRunReply__Output as _concordat_v1_StartRunReply__Output } from './concordat/v1/StartRunReply.js';
import type { StartRunRequest as _concordat_v1_StartRunRequest, StartRunRequest__Output as _concordat_v1_StartRunRequest__Output } from './concordat/v1/StartRunRequest.js';
import type { StatusReply as _concordat_v1_StatusReply, StatusReply__Output as _concordat_v1_StatusReply__Output } from './concordat/v1/StatusReply.js';
import type { StatusRequest as _concordat_v1_StatusRequest, StatusRequest__Output as _concordat_v1_StatusRequest__Output } from './concordat/v1/StatusRequest.js';
import type { WatchRunRequest as _concordat_v1_WatchRunRequest, WatchRunRequest__Output as _concordat_v1_WatchRunRequest__Output } from './concordat/v1/WatchRunRequest.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  concordat: {
    v1: {
      EndRunReply: MessageTypeDefinition<_concordat_v1_EndRunReply, _concordat_v1_EndRunReply__Output>
      EndRunRequest: MessageTypeDefinition<_concordat_v1_EndRunRequest, _concordat_v1_EndRunRequest__Output>
      ExplainReply: MessageTypeDefinition<_concordat_v1_ExplainReply, _concordat_v1_ExplainReply__Output>
      ExplainRequest: MessageTypeDefinition<_concordat_v1_ExplainRequest, _concordat_v1_ExplainRequest__Output>
      JournalReply: MessageTypeDefinition<_concordat_v1_JournalReply, _concordat_v1_JournalReply__Output>
      JournalRequest: MessageTypeDefinition<_concordat_v1_JournalRequest, _concordat_v1_JournalRequest__Output>
      PauseRunReply: MessageTypeDefinition<_concordat_v1_PauseRunReply, _concordat_v1_PauseRunReply__Output>
      PauseRunRequest: MessageTypeDefinition<_concordat_v1_PauseRunRequest, _concordat_v1_PauseRunRequest__Output>
      ResumeRunReply: MessageTypeDefinition<_concordat_v1_ResumeRunReply, _concordat_v1_ResumeRunReply__Output>
      ResumeRunRequest: MessageTypeDefinition<_concordat_v1_ResumeRunRequest, _concordat_v1_ResumeRunRequest__Output>
      RunEvent: MessageTypeDefinition<_concordat_v1_RunEvent, _concordat_v1_RunEvent__Output>
      Runs: SubtypeConstructor<typeof grpc.Client, _concordat_v1_RunsClient> & { service: _concordat_v1_RunsDefinition }
      StartRunReply: MessageTypeDefinition<_concordat_v1_StartRunReply, _concordat_v1_StartRunReply__Output>
      StartRunRequest: MessageTypeDefinition<_concordat_v1_StartRunRequest, _concordat_v1_StartRunRequest__Output>
      StatusReply: MessageTypeDefinition<_concordat_v1_StatusReply, _concordat_v1_StatusReply__Output>
      StatusRequest: MessageTypeDefinition<_concordat_v1_StatusRequest, _concordat_v1_StatusRequest__Output>
      WatchRunRequest: MessageTypeDefinition<_concordat_v1_WatchRunRequest, _concordat_v1_WatchRunRequest__Output>
    }
  }
}

