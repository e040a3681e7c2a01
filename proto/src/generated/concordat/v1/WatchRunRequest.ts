// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchRunRequest {
  'runId'?: (string);
  'fromSequence'?: (number | string | Long);
}

export interface WatchRunRequest__Output {
  'runId': (string);
  'fromSequence': (number);
}
