// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

import type { Long } from '@grpc/proto-loader';

export interface TrainerFailure {
  'task'?: (number | string | Long);
  'capability'?: (Buffer | Uint8Array | string);
  'code'?: (string);
  'message'?: (string);
}

export interface TrainerFailure__Output {
  'task': (number);
  'capability': (Buffer);
  'code': (string);
  'message': (string);
}
