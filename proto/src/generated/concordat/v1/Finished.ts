// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Finished {
  'modelVersion'?: (number);
  'modelHash'?: (Buffer | Uint8Array | string);
  'outcome'?: (string);
  'reason'?: (string);
}

export interface Finished__Output {
  'modelVersion': (number);
  'modelHash': (Buffer);
  'outcome': (string);
  'reason': (string);
}
