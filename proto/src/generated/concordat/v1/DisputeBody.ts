// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface DisputeBody {
  'sid2'?: (Buffer | Uint8Array | string);
  'resultHash'?: (Buffer | Uint8Array | string);
  'aggregateHash'?: (Buffer | Uint8Array | string);
  'group'?: (number);
  'rule'?: (string);
  'chunk'?: (number);
  'lane'?: (number);
}

export interface DisputeBody__Output {
  'sid2': (Buffer);
  'resultHash': (Buffer);
  'aggregateHash': (Buffer);
  'group': (number);
  'rule': (string);
  'chunk': (number);
  'lane': (number);
}
