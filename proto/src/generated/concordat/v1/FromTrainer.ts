// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

import type { TrainerHello as _concordat_v1_TrainerHello, TrainerHello__Output as _concordat_v1_TrainerHello__Output } from '../../concordat/v1/TrainerHello.js';
import type { TrainerProgress as _concordat_v1_TrainerProgress, TrainerProgress__Output as _concordat_v1_TrainerProgress__Output } from '../../concordat/v1/TrainerProgress.js';
import type { TrainerResult as _concordat_v1_TrainerResult, TrainerResult__Output as _concordat_v1_TrainerResult__Output } from '../../concordat/v1/TrainerResult.js';
import type { TrainerChunk as _concordat_v1_TrainerChunk, TrainerChunk__Output as _concordat_v1_TrainerChunk__Output } from '../../concordat/v1/TrainerChunk.js';
import type { TrainerFailure as _concordat_v1_TrainerFailure, TrainerFailure__Output as _concordat_v1_TrainerFailure__Output } from '../../concordat/v1/TrainerFailure.js';

export interface FromTrainer {
  'hello'?: (_concordat_v1_TrainerHello | null);
  'progress'?: (_concordat_v1_TrainerProgress | null);
  'result'?: (_concordat_v1_TrainerResult | null);
  'chunk'?: (_concordat_v1_TrainerChunk | null);
  'failure'?: (_concordat_v1_TrainerFailure | null);
  'message'?: "hello"|"progress"|"result"|"chunk"|"failure";
}

export interface FromTrainer__Output {
  'hello'?: (_concordat_v1_TrainerHello__Output | null);
  'progress'?: (_concordat_v1_TrainerProgress__Output | null);
  'result'?: (_concordat_v1_TrainerResult__Output | null);
  'chunk'?: (_concordat_v1_TrainerChunk__Output | null);
  'failure'?: (_concordat_v1_TrainerFailure__Output | null);
  'message'?: "hello"|"progress"|"result"|"chunk"|"failure";
}
