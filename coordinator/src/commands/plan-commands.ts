import { resolve } from 'node:path';
import {
  describeApproval,
  describeGroups,
  describeMode,
  describePrecision,
  describeTolerance,
  encodePlan,
  type Plan,
  signPlan,
  toHex,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import type { Command } from 'commander';
import { readModelDirectory } from '../model/model-directory.js';
import { preparePlan, writtenDataSchema } from '../model/plan-document.js';
import type { CommandIo } from './io.js';
import { asOperator, type OperatorFlags, operatorOptions } from './operator-session.js';
import { planHashValue } from './option-values.js';
import { readPlanFile } from './plan-file.js';

interface ProposeFlags extends OperatorFlags {
  readonly model: string;
  readonly dataSchema?: string;
}

interface ShowFlags extends OperatorFlags {
  readonly plan: Uint8Array;
}

/** `coordinator plan propose FILE --model DIRECTORY` and `coordinator plan show --plan HASH`. */
export function addPlanCommands(group: Command, io: CommandIo): void {
  const plan = group.command('plan').description('What participants sign up to.');
  operatorOptions(plan.command('propose').description('Check, complete and sign a plan; upload it with its model.'))
    .argument('<file>', 'plan or draft of one, JSON or YAML')
    .requiredOption('--model <directory>', 'initial model: a tfjs layers model')
    .option('--data-schema <file>', 'what the records must be, as participant data schema prints it: part of the plan')
    .action((file: string, flags: ProposeFlags) =>
      asOperator(io, flags, async (client, keys) => {
        const model = await readModelDirectory(resolve(flags.model));
        const { dataSchema: schemaFile } = flags;
        const schema =
          schemaFile === undefined ? undefined : writtenDataSchema(await readPlanFile(resolve(schemaFile)));
        const prepared = preparePlan(await readPlanFile(resolve(file)), model, keys.consortium, schema);
        await client.put(prepared.topology);
        await client.put(prepared.weights);
        const planHash = toHex(await client.propose(signPlan(nodeCrypto, keys.operatorKey, encodePlan(prepared.plan))));
        const { data, lines } = described(prepared.plan);
        const next = `Next: concordat coordinator run start --plan ${planHash} --run ${prepared.plan.run}`;
        return { data: { planHash, ...data }, lines: [`Proposed plan ${planHash}`, ...lines, next] };
      }),
    );
  operatorOptions(plan.command('show').description('What a proposed plan says, and what it means.'))
    .requiredOption('--plan <hash>', 'hash that plan propose printed', planHashValue)
    .action((flags: ShowFlags) =>
      asOperator(io, flags, async (client) => {
        const { plan: shown, operator } = await client.plan(flags.plan);
        const planHash = toHex(flags.plan);
        const { data, lines } = described(shown);
        const of = `Plan ${planHash} for run ${shown.run}, proposed by ${operator}: ${shown.purpose}`;
        return { data: { planHash, operator, ...data }, lines: [of, ...lines] };
      }),
    );
}

/** A plan with the sentences that people read before they agree to it. */
function described(plan: Plan) {
  const tolerance = describeTolerance(plan);
  const precision = describePrecision(plan);
  const groups = describeGroups(plan);
  const mode = describeMode(plan);
  const approvals = describeApproval(plan.approval);
  return {
    data: { run: plan.run, tolerance, precision, groups, mode, approvals, plan },
    lines: [`Tolerates: ${tolerance}`, `Precision: ${precision}`, ...groups, ...mode, ...approvals],
  };
}
