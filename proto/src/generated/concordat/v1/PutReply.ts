// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/blobs.proto


export interface PutReply {
  'sha256'?: (Buffer | Uint8Array | string);
}

export interface PutReply__Output {
  'sha256': (Buffer);
}
