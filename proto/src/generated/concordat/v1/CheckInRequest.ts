// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { Long } from '@grpc/proto-loader';

export interface CheckInRequest {
  'wireVersions'?: (number)[];
  'software'?: (string);
  'clientEpoch'?: (number | string | Long);
  'startId'?: (Buffer | Uint8Array | string);
}

export interface CheckInRequest__Output {
  'wireVersions': (number)[];
  'software': (string);
  'clientEpoch': (number);
  'startId': (Buffer);
}
