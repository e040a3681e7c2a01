// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Published {
  'modelVersion'?: (number);
  'modelHash'?: (Buffer | Uint8Array | string);
  'survivors'?: (number);
}

export interface Published__Output {
  'modelVersion': (number);
  'modelHash': (Buffer);
  'survivors': (number);
}
