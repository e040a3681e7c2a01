// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/health.proto


export interface HealthReply {
  'state'?: (string);
  'wireVersions'?: (number)[];
  'software'?: (string);
}

export interface HealthReply__Output {
  'state': (string);
  'wireVersions': (number)[];
  'software': (string);
}
