// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

import type { TrainerWork as _concordat_v1_TrainerWork, TrainerWork__Output as _concordat_v1_TrainerWork__Output } from '../../concordat/v1/TrainerWork.js';
import type { Long } from '@grpc/proto-loader';

export interface TrainerTask {
  'id'?: (number | string | Long);
  'capability'?: (Buffer | Uint8Array | string);
  'work'?: (_concordat_v1_TrainerWork);
  'topologyBytes'?: (number | string | Long);
  'weightsBytes'?: (number | string | Long);
  'loss'?: (string);
  'optimizer'?: (string);
  'learningRate'?: (number | string);
  'batchSize'?: (number);
  'epochs'?: (number);
  'steps'?: (number);
  'round'?: (number);
  'seed'?: (string);
  'participant'?: (string);
  'holdoutFraction'?: (number | string);
  'deadlineMillis'?: (number | string | Long);
  'data'?: (string);
}

export interface TrainerTask__Output {
  'id': (number);
  'capability': (Buffer);
  'work': (_concordat_v1_TrainerWork__Output);
  'topologyBytes': (number);
  'weightsBytes': (number);
  'loss': (string);
  'optimizer': (string);
  'learningRate': (number);
  'batchSize': (number);
  'epochs': (number);
  'steps': (number);
  'round': (number);
  'seed': (string);
  'participant': (string);
  'holdoutFraction': (number);
  'deadlineMillis': (number);
  'data': (string);
}
