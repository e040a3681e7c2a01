// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface AdvertBody {
  'participantId'?: (string);
  'configHash'?: (Buffer | Uint8Array | string);
  'sealingKey'?: (Buffer | Uint8Array | string);
  'maskKey'?: (Buffer | Uint8Array | string);
}

export interface AdvertBody__Output {
  'participantId': (string);
  'configHash': (Buffer);
  'sealingKey': (Buffer);
  'maskKey': (Buffer);
}
