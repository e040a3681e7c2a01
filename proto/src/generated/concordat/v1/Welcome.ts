// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Welcome {
  'wireVersion'?: (number);
  'software'?: (string);
  'consortium'?: (string);
}

export interface Welcome__Output {
  'wireVersion': (number);
  'software': (string);
  'consortium': (string);
}
