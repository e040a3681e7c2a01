// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface NotChosen {
  'reason'?: (string);
}

export interface NotChosen__Output {
  'reason': (string);
}
