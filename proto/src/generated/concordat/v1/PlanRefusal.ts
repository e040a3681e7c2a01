// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/plans.proto


export interface PlanRefusal {
  'participantId'?: (string);
  'rule'?: (string);
}

export interface PlanRefusal__Output {
  'participantId': (string);
  'rule': (string);
}
