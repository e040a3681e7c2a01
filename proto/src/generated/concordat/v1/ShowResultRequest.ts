// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto


export interface ShowResultRequest {
  'sid2'?: (Buffer | Uint8Array | string);
}

export interface ShowResultRequest__Output {
  'sid2': (Buffer);
}
