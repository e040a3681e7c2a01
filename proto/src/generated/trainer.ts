// @ts-nocheck: the tool declares more than it uses.
import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { FromTrainer as _concordat_v1_FromTrainer, FromTrainer__Output as _concordat_v1_FromTrainer__Output } from './concordat/v1/FromTrainer.js';
import type { ToTrainer as _concordat_v1_ToTrainer, ToTrainer__Output as _concordat_v1_ToTrainer__Output } from './concordat/v1/ToTrainer.js';
import type { TrainerCancel as _concordat_v1_TrainerCancel, TrainerCancel__Output as _concordat_v1_TrainerCancel__Output } from './concordat/v1/TrainerCancel.js';
import type { TrainerChunk as _concordat_v1_TrainerChunk, TrainerChunk__Output as _concordat_v1_TrainerChunk__Output } from './concordat/v1/TrainerChunk.js';
import type { TrainerFailure as _concordat_v1_TrainerFailure, TrainerFailure__Output as _concordat_v1_TrainerFailure__Output } from './concordat/v1/TrainerFailure.js';
import type { TrainerHello as _concordat_v1_TrainerHello, TrainerHello__Output as _concordat_v1_TrainerHello__Output } from './concordat/v1/TrainerHello.js';
import type { TrainerMetric as _concordat_v1_TrainerMetric, TrainerMetric__Output as _concordat_v1_TrainerMetric__Output } from './concordat/v1/TrainerMetric.js';
import type { TrainerProgress as _concordat_v1_TrainerProgress, TrainerProgress__Output as _concordat_v1_TrainerProgress__Output } from './concordat/v1/TrainerProgress.js';
import type { TrainerResult as _concordat_v1_TrainerResult, TrainerResult__Output as _concordat_v1_TrainerResult__Output } from './concordat/v1/TrainerResult.js';
import type { TrainerTask as _concordat_v1_TrainerTask, TrainerTask__Output as _concordat_v1_TrainerTask__Output } from './concordat/v1/TrainerTask.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  concordat: {
    v1: {
      FromTrainer: MessageTypeDefinition<_concordat_v1_FromTrainer, _concordat_v1_FromTrainer__Output>
      ToTrainer: MessageTypeDefinition<_concordat_v1_ToTrainer, _concordat_v1_ToTrainer__Output>
      TrainerCancel: MessageTypeDefinition<_concordat_v1_TrainerCancel, _concordat_v1_TrainerCancel__Output>
      TrainerChunk: MessageTypeDefinition<_concordat_v1_TrainerChunk, _concordat_v1_TrainerChunk__Output>
      TrainerFailure: MessageTypeDefinition<_concordat_v1_TrainerFailure, _concordat_v1_TrainerFailure__Output>
      TrainerHello: MessageTypeDefinition<_concordat_v1_TrainerHello, _concordat_v1_TrainerHello__Output>
      TrainerMetric: MessageTypeDefinition<_concordat_v1_TrainerMetric, _concordat_v1_TrainerMetric__Output>
      TrainerPart: EnumTypeDefinition
      TrainerProgress: MessageTypeDefinition<_concordat_v1_TrainerProgress, _concordat_v1_TrainerProgress__Output>
      TrainerResult: MessageTypeDefinition<_concordat_v1_TrainerResult, _concordat_v1_TrainerResult__Output>
      TrainerTask: MessageTypeDefinition<_concordat_v1_TrainerTask, _concordat_v1_TrainerTask__Output>
      TrainerWork: EnumTypeDefinition
    }
  }
}

