// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

import type { TrainerPart as _concordat_v1_TrainerPart, TrainerPart__Output as _concordat_v1_TrainerPart__Output } from '../../concordat/v1/TrainerPart.js';
import type { Long } from '@grpc/proto-loader';

export interface TrainerChunk {
  'task'?: (number | string | Long);
  'capability'?: (Buffer | Uint8Array | string);
  'part'?: (_concordat_v1_TrainerPart);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface TrainerChunk__Output {
  'task': (number);
  'capability': (Buffer);
  'part': (_concordat_v1_TrainerPart__Output);
  'offset': (number);
  'data': (Buffer);
}
