// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Train {
  'modelVersion'?: (number);
  'baseModelHash'?: (Buffer | Uint8Array | string);
  'readyMillis'?: (number);
  'kind'?: (string);
}

export interface Train__Output {
  'modelVersion': (number);
  'baseModelHash': (Buffer);
  'readyMillis': (number);
  'kind': (string);
}
