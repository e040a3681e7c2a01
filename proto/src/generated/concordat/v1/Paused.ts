// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Paused {
  'reason'?: (string);
}

export interface Paused__Output {
  'reason': (string);
}
