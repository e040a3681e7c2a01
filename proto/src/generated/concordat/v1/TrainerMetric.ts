// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto


export interface TrainerMetric {
  'name'?: (string);
  'value'?: (number | string);
}

export interface TrainerMetric__Output {
  'name': (string);
  'value': (number);
}
