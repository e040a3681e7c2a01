import { bounds } from '@concordat/core';
import { signedFromWire, type wire } from '@concordat/proto';
import type { PlanDesk } from '../plan-desk.js';
import { operatorOf } from './caller.js';
import { type CallContext, unary } from './handlers.js';

export interface PlansServiceOptions extends CallContext {
  readonly plans: PlanDesk;
}

/** Plans: proposed by operators, read by members. */
export function plansService(options: PlansServiceOptions): wire.PlansHandlers {
  return {
    Propose: unary<wire.ProposeRequest__Output, wire.ProposeReply>(options, async ({ plan }, caller) => ({
      planHash: await options.plans.propose(signedFromWire(plan, bounds.planBytesMax), operatorOf(caller).id),
    })),
    Get: unary<wire.GetPlanRequest__Output, wire.GetPlanReply>(options, async ({ planHash }) => {
      const { signed, operator } = await options.plans.require(new Uint8Array(planHash));
      return { plan: signed, operatorId: operator };
    }),
  };
}
