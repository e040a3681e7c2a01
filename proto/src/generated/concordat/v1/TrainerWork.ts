// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

export const TrainerWork = {
  TRAINER_WORK_UNSPECIFIED: 0,
  TRAINER_WORK_FIT: 1,
  TRAINER_WORK_EVALUATE: 2,
} as const;

export type TrainerWork =
  | 'TRAINER_WORK_UNSPECIFIED'
  | 0
  | 'TRAINER_WORK_FIT'
  | 1
  | 'TRAINER_WORK_EVALUATE'
  | 2

export type TrainerWork__Output = typeof TrainerWork[keyof typeof TrainerWork]
