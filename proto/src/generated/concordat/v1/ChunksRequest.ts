// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto


export interface ChunksRequest {
  'sid2'?: (Buffer | Uint8Array | string);
  'chunks'?: (number)[];
}

export interface ChunksRequest__Output {
  'sid2': (Buffer);
  'chunks': (number)[];
}
