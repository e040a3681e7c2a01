// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { RunOffer as _concordat_v1_RunOffer, RunOffer__Output as _concordat_v1_RunOffer__Output } from '../../concordat/v1/RunOffer.js';
import type { Train as _concordat_v1_Train, Train__Output as _concordat_v1_Train__Output } from '../../concordat/v1/Train.js';
import type { SessionFrame as _concordat_v1_SessionFrame, SessionFrame__Output as _concordat_v1_SessionFrame__Output } from '../../concordat/v1/SessionFrame.js';
import type { NotChosen as _concordat_v1_NotChosen, NotChosen__Output as _concordat_v1_NotChosen__Output } from '../../concordat/v1/NotChosen.js';
import type { Waiting as _concordat_v1_Waiting, Waiting__Output as _concordat_v1_Waiting__Output } from '../../concordat/v1/Waiting.js';
import type { Abandoned as _concordat_v1_Abandoned, Abandoned__Output as _concordat_v1_Abandoned__Output } from '../../concordat/v1/Abandoned.js';
import type { Published as _concordat_v1_Published, Published__Output as _concordat_v1_Published__Output } from '../../concordat/v1/Published.js';
import type { Finished as _concordat_v1_Finished, Finished__Output as _concordat_v1_Finished__Output } from '../../concordat/v1/Finished.js';
import type { Welcome as _concordat_v1_Welcome, Welcome__Output as _concordat_v1_Welcome__Output } from '../../concordat/v1/Welcome.js';
import type { Paused as _concordat_v1_Paused, Paused__Output as _concordat_v1_Paused__Output } from '../../concordat/v1/Paused.js';
import type { Long } from '@grpc/proto-loader';

export interface Assignment {
  'sequence'?: (number | string | Long);
  'runId'?: (string);
  'round'?: (number);
  'run'?: (_concordat_v1_RunOffer | null);
  'train'?: (_concordat_v1_Train | null);
  'session'?: (_concordat_v1_SessionFrame | null);
  'notChosen'?: (_concordat_v1_NotChosen | null);
  'waiting'?: (_concordat_v1_Waiting | null);
  'abandoned'?: (_concordat_v1_Abandoned | null);
  'published'?: (_concordat_v1_Published | null);
  'finished'?: (_concordat_v1_Finished | null);
  'welcome'?: (_concordat_v1_Welcome | null);
  'paused'?: (_concordat_v1_Paused | null);
  'message'?: "run"|"train"|"session"|"notChosen"|"waiting"|"abandoned"|"published"|"finished"|"welcome"|"paused";
}

export interface Assignment__Output {
  'sequence': (number);
  'runId': (string);
  'round': (number);
  'run'?: (_concordat_v1_RunOffer__Output | null);
  'train'?: (_concordat_v1_Train__Output | null);
  'session'?: (_concordat_v1_SessionFrame__Output | null);
  'notChosen'?: (_concordat_v1_NotChosen__Output | null);
  'waiting'?: (_concordat_v1_Waiting__Output | null);
  'abandoned'?: (_concordat_v1_Abandoned__Output | null);
  'published'?: (_concordat_v1_Published__Output | null);
  'finished'?: (_concordat_v1_Finished__Output | null);
  'welcome'?: (_concordat_v1_Welcome__Output | null);
  'paused'?: (_concordat_v1_Paused__Output | null);
  'message'?: "run"|"train"|"session"|"notChosen"|"waiting"|"abandoned"|"published"|"finished"|"welcome"|"paused";
}
