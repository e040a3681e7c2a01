// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface RoundSum {
  'group'?: (number);
  'sid2'?: (Buffer | Uint8Array | string);
  'resultHash'?: (Buffer | Uint8Array | string);
  'survivors'?: (number);
}

export interface RoundSum__Output {
  'group': (number);
  'sid2': (Buffer);
  'resultHash': (Buffer);
  'survivors': (number);
}
