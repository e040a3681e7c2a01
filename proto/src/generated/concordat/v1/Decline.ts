// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Decline {
  'step'?: (string);
  'code'?: (string);
  'rule'?: (string);
  'message'?: (string);
}

export interface Decline__Output {
  'step': (string);
  'code': (string);
  'rule': (string);
  'message': (string);
}
