// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto

export const TrainerPart = {
  TRAINER_PART_UNSPECIFIED: 0,
  TRAINER_PART_TOPOLOGY: 1,
  TRAINER_PART_WEIGHTS: 2,
} as const;

export type TrainerPart =
  | 'TRAINER_PART_UNSPECIFIED'
  | 0
  | 'TRAINER_PART_TOPOLOGY'
  | 1
  | 'TRAINER_PART_WEIGHTS'
  | 2

export type TrainerPart__Output = typeof TrainerPart[keyof typeof TrainerPart]
