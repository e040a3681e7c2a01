// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Waiting {
  'step'?: (string);
  'awaited'?: (string)[];
  'remainingMillis'?: (number);
  'then'?: (string);
}

export interface Waiting__Output {
  'step': (string);
  'awaited': (string)[];
  'remainingMillis': (number);
  'then': (string);
}
