// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface UploadBody {
  'sid2'?: (Buffer | Uint8Array | string);
  'participant'?: (number);
  'lengthBytes'?: (number);
  'merkleRoot'?: (Buffer | Uint8Array | string);
}

export interface UploadBody__Output {
  'sid2': (Buffer);
  'participant': (number);
  'lengthBytes': (number);
  'merkleRoot': (Buffer);
}
