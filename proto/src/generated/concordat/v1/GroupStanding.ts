// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto


export interface GroupStanding {
  'threshold'?: (number);
  'signed'?: (number);
  'disputed'?: (number);
}

export interface GroupStanding__Output {
  'threshold': (number);
  'signed': (number);
  'disputed': (number);
}
