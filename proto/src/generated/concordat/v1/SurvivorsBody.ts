// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface SurvivorsBody {
  'sid2'?: (Buffer | Uint8Array | string);
  'survivors'?: (Buffer | Uint8Array | string);
  'inputsHash'?: (Buffer | Uint8Array | string);
}

export interface SurvivorsBody__Output {
  'sid2': (Buffer);
  'survivors': (Buffer);
  'inputsHash': (Buffer);
}
