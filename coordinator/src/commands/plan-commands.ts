import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  bounds,
  describeGroups,
  describePrecision,
  describeTolerance,
  encodePlan,
  FederatedError,
  signPlan,
  toHex,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import type { Command } from 'commander';
import { readModelDirectory } from '../model/model-directory.js';
import { preparePlan } from '../model/plan-document.js';
import type { CommandIo } from './io.js';
import { asOperator, type OperatorFlags, operatorOptions } from './operator-session.js';

interface ProposeFlags extends OperatorFlags {
  readonly model: string;
}

/** `coordinator plan propose FILE --model DIRECTORY`. */
export function addPlanCommands(group: Command, io: CommandIo): void {
  const plan = group.command('plan').description('What participants sign up to.');
  operatorOptions(plan.command('propose').description('Check, complete and sign a plan; upload it with its model.'))
    .argument('<file>', 'plan or draft of one, JSON or YAML')
    .requiredOption('--model <directory>', 'initial model: a tfjs layers model')
    .action((file: string, flags: ProposeFlags) =>
      asOperator(io, flags, async (client, keys) => {
        const model = await readModelDirectory(resolve(flags.model));
        const prepared = preparePlan(await readPlanFile(resolve(file)), model, keys.consortium);
        await client.put(prepared.topology);
        await client.put(prepared.weights);
        const planHash = toHex(await client.propose(signPlan(nodeCrypto, keys.operatorKey, encodePlan(prepared.plan))));
        const tolerance = describeTolerance(prepared.plan);
        const precision = describePrecision(prepared.plan);
        const groups = describeGroups(prepared.plan);
        const { run } = prepared.plan;
        return {
          data: { planHash, run, tolerance, precision, groups, plan: prepared.plan },
          lines: [
            `Proposed plan ${planHash}`,
            `Tolerates: ${tolerance}`,
            `Precision: ${precision}`,
            ...groups,
            `Next: concordat coordinator run start --plan ${planHash} --run ${run}`,
          ],
        };
      }),
    );
}

async function readPlanFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `${path} cannot be read`, {
      detail: { path },
      fix: 'Name the plan file.',
      cause,
    });
  });
  if (bytes.byteLength <= bounds.planBytesMax) return bytes.toString('utf8');
  throw new FederatedError('invalid-argument', `${path} is too long for a plan`, {
    detail: { path, required: bounds.planBytesMax, offered: bytes.byteLength },
  });
}
