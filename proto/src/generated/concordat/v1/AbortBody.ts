// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface AbortBody {
  'sid'?: (Buffer | Uint8Array | string);
}

export interface AbortBody__Output {
  'sid': (Buffer);
}
