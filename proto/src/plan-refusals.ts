import { bounds, type PlanRefusal } from '@concordat/core';
import * as field from './fields.js';
import type * as wire from './generated/index.js';

export function planRefusalsToWire(refusals: readonly PlanRefusal[]): wire.PlanRefusal[] {
  return refusals.map(({ participant, rule }) => ({ participantId: participant, rule }));
}

/** @throws `malformed` out of bounds: more than a roster has members, or what is no id and no rule. */
export function planRefusalsFromWire(value: readonly wire.PlanRefusal__Output[] | undefined): readonly PlanRefusal[] {
  return field.list(value, 0, bounds.rosterMembersMax, 'refusals').map(({ participantId, rule }) => ({
    participant: field.id(participantId, 'refusals.participantId'),
    rule: field.ruleName(rule, 'refusals.rule'),
  }));
}
