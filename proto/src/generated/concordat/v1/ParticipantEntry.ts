// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto

import type { Long } from '@grpc/proto-loader';

export interface ParticipantEntry {
  'participantId'?: (string);
  'organization'?: (string);
  'state'?: (string);
  'fingerprint'?: (string);
  'connected'?: (boolean);
  'invitationExpiresMillis'?: (number | string | Long);
}

export interface ParticipantEntry__Output {
  'participantId': (string);
  'organization': (string);
  'state': (string);
  'fingerprint': (string);
  'connected': (boolean);
  'invitationExpiresMillis': (number);
}
