// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface ResultBody {
  'sid2'?: (Buffer | Uint8Array | string);
  'resultHash'?: (Buffer | Uint8Array | string);
  'aggregateHash'?: (Buffer | Uint8Array | string);
}

export interface ResultBody__Output {
  'sid2': (Buffer);
  'resultHash': (Buffer);
  'aggregateHash': (Buffer);
}
