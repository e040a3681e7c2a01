// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto

import type { Long } from '@grpc/proto-loader';

export interface InviteRequest {
  'participantId'?: (string);
  'organization'?: (string);
  'validMillis'?: (number | string | Long);
}

export interface InviteRequest__Output {
  'participantId': (string);
  'organization': (string);
  'validMillis': (number);
}
