// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

import type { TrainerTask as _concordat_v1_TrainerTask, TrainerTask__Output as _concordat_v1_TrainerTask__Output } from '../../concordat/v1/TrainerTask.js';
import type { TrainerChunk as _concordat_v1_TrainerChunk, TrainerChunk__Output as _concordat_v1_TrainerChunk__Output } from '../../concordat/v1/TrainerChunk.js';
import type { TrainerCancel as _concordat_v1_TrainerCancel, TrainerCancel__Output as _concordat_v1_TrainerCancel__Output } from '../../concordat/v1/TrainerCancel.js';

export interface ToTrainer {
  'task'?: (_concordat_v1_TrainerTask | null);
  'chunk'?: (_concordat_v1_TrainerChunk | null);
  'cancel'?: (_concordat_v1_TrainerCancel | null);
  'message'?: "task"|"chunk"|"cancel";
}

export interface ToTrainer__Output {
  'task'?: (_concordat_v1_TrainerTask__Output | null);
  'chunk'?: (_concordat_v1_TrainerChunk__Output | null);
  'cancel'?: (_concordat_v1_TrainerCancel__Output | null);
  'message'?: "task"|"chunk"|"cancel";
}
