// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface SegmentSpec {
  'name'?: (string);
  'length'?: (number);
  'bits'?: (number);
  'quantBits'?: (number);
  'bound'?: (number | string);
  'kind'?: (string);
}

export interface SegmentSpec__Output {
  'name': (string);
  'length': (number);
  'bits': (number);
  'quantBits': (number);
  'bound': (number);
  'kind': (string);
}
