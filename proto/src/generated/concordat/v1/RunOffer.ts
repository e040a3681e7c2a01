// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface RunOffer {
  'planHash'?: (Buffer | Uint8Array | string);
  'rosterHash'?: (Buffer | Uint8Array | string);
}

export interface RunOffer__Output {
  'planHash': (Buffer);
  'rosterHash': (Buffer);
}
