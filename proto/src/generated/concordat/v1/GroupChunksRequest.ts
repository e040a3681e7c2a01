// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto


export interface GroupChunksRequest {
  'sid2'?: (Buffer | Uint8Array | string);
  'group'?: (number);
  'chunks'?: (number)[];
}

export interface GroupChunksRequest__Output {
  'sid2': (Buffer);
  'group': (number);
  'chunks': (number)[];
}
