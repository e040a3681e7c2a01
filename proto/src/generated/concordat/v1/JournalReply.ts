// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface JournalReply {
  'json'?: (Buffer | Uint8Array | string);
}

export interface JournalReply__Output {
  'json': (Buffer);
}
