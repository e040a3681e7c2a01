// @ts-nocheck: the tool declares more than it uses.
import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { HealthClient as _concordat_v1_HealthClient, HealthDefinition as _concordat_v1_HealthDefinition } from './concordat/v1/Health.js';
import type { HealthReply as _concordat_v1_HealthReply, HealthReply__Output as _concordat_v1_HealthReply__Output } from './concordat/v1/HealthReply.js';
import type { HealthRequest as _concordat_v1_HealthRequest, HealthRequest__Output as _concordat_v1_HealthRequest__Output } from './concordat/v1/HealthRequest.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  concordat: {
    v1: {
      Health: SubtypeConstructor<typeof grpc.Client, _concordat_v1_HealthClient> & { service: _concordat_v1_HealthDefinition }
      HealthReply: MessageTypeDefinition<_concordat_v1_HealthReply, _concordat_v1_HealthReply__Output>
      HealthRequest: MessageTypeDefinition<_concordat_v1_HealthRequest, _concordat_v1_HealthRequest__Output>
    }
  }
}

