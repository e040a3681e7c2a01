// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/trainer.proto


export interface TrainerHello {
  'version'?: (number);
  'capability'?: (Buffer | Uint8Array | string);
  'name'?: (string);
  'kernels'?: (string);
}

export interface TrainerHello__Output {
  'version': (number);
  'capability': (Buffer);
  'name': (string);
  'kernels': (string);
}
