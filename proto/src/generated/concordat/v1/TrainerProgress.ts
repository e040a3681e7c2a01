// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

import type { TrainerMetric as _concordat_v1_TrainerMetric, TrainerMetric__Output as _concordat_v1_TrainerMetric__Output } from '../../concordat/v1/TrainerMetric.js';
import type { Long } from '@grpc/proto-loader';

export interface TrainerProgress {
  'task'?: (number | string | Long);
  'capability'?: (Buffer | Uint8Array | string);
  'step'?: (number | string | Long);
  'steps'?: (number | string | Long);
  'metrics'?: (_concordat_v1_TrainerMetric)[];
}

export interface TrainerProgress__Output {
  'task': (number);
  'capability': (Buffer);
  'step': (number);
  'steps': (number);
  'metrics': (_concordat_v1_TrainerMetric__Output)[];
}
