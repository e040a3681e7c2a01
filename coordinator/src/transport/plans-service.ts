import { bounds, equalBytes } from '@concordat/core';
import { planRefusalsToWire, signedFromWire, type wire } from '@concordat/proto';
import type { PlanDesk } from '../plan-desk.js';
import type { RunDesk } from '../run-desk.js';
import { operatorOf } from './caller.js';
import { type CallContext, unary } from './handlers.js';

export interface PlansServiceOptions extends CallContext {
  readonly plans: PlanDesk;
  readonly runs: Pick<RunDesk, 'current'>;
}

/** Plans: proposed by operators, read by members. */
export function plansService(options: PlansServiceOptions): wire.PlansHandlers {
  return {
    Propose: unary<wire.ProposeRequest__Output, wire.ProposeReply>(options, async ({ plan }, caller) => ({
      planHash: await options.plans.propose(signedFromWire(plan, bounds.planBytesMax), operatorOf(caller).id),
    })),
    Get: unary<wire.GetPlanRequest__Output, wire.GetPlanReply>(options, async ({ planHash }) => {
      const { signed, operator } = await options.plans.require(new Uint8Array(planHash));
      const run = options.runs.current;
      const isOfRun = run !== undefined && equalBytes(run.planHash, planHash);
      const refusals = planRefusalsToWire(isOfRun ? run.visibleRefusals : []);
      return { plan: signed, operatorId: operator, refusals };
    }),
  };
}
