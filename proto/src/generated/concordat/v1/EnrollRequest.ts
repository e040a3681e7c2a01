// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto

import type { Long } from '@grpc/proto-loader';

export interface EnrollRequest {
  'consortium'?: (string);
  'participantId'?: (string);
  'organization'?: (string);
  'invitationSecret'?: (Buffer | Uint8Array | string);
  'certificateRequest'?: (Buffer | Uint8Array | string);
  'identityKey'?: (Buffer | Uint8Array | string);
  'identityProof'?: (Buffer | Uint8Array | string);
  'clockMillis'?: (number | string | Long);
}

export interface EnrollRequest__Output {
  'consortium': (string);
  'participantId': (string);
  'organization': (string);
  'invitationSecret': (Buffer);
  'certificateRequest': (Buffer);
  'identityKey': (Buffer);
  'identityProof': (Buffer);
  'clockMillis': (number);
}
