// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

import type { Long } from '@grpc/proto-loader';

export interface TrainerCancel {
  'task'?: (number | string | Long);
  'capability'?: (Buffer | Uint8Array | string);
}

export interface TrainerCancel__Output {
  'task': (number);
  'capability': (Buffer);
}
