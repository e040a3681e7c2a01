import { fromHex } from '@concordat/core';
import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { planSettings, readPlanSettings } from '../configuration/settings.js';
import { type ShownPlan, showPlan } from '../shown-plan.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface PlanFlags extends Readonly<Record<string, unknown>> {
  readonly plan?: Uint8Array;
  readonly json?: true;
}

/** `participant plan show`: what a proposed plan asks for, and what the policy here says to it. Nothing is approved by it. */
export function addPlanCommand(group: Command, io: CommandIo): void {
  const plan = group.command('plan').description('What a run would ask of this organization.');
  settingFlags(
    plan.command('show').description('What a proposed plan means, and what your policy says to it; approves nothing.'),
    planSettings,
  )
    .option('--plan <hash>', 'which one (default: the one approved here last)', hashValue)
    .option('--json', 'print one envelope on stdout')
    .action((flags: PlanFlags) =>
      conclude(io, flags.json === true, async () => {
        // The flag of the plan is none of the settings.
        const { plan: planHash, ...settings } = flags;
        const { directory, policy: policyFile } = await readPlanSettings({
          flags: settings,
          environment: io.environment,
        });
        requireExisting('--directory', directory, 'directory');
        const { signal, correlationId } = io;
        const named = planHash === undefined ? {} : { planHash };
        return resultOf(await showPlan({ directory, policyFile, signal, correlationId, ...named }));
      }),
    );
}

function resultOf({ plan, planHash, proposer, lines, rules }: ShownPlan): CommandResult {
  const failed = rules.filter(({ passed }) => !passed);
  return {
    data: { planHash, proposer, run: plan.run, lines, allowed: failed.length === 0, rules, plan },
    lines: [
      `Plan ${planHash}, proposed by ${proposer}.`,
      ...lines,
      ...(failed.length === 0
        ? [`Your policy allows it: all ${rules.length} rules hold.`]
        : [
            'Your policy refuses it:',
            ...failed.map(
              ({ rule, required, offered, fix }) =>
                `  ${rule}: requires ${required}; the plan offers ${offered}. ${fix}`,
            ),
          ]),
    ],
  };
}

function hashValue(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text);
  throw new InvalidArgumentError('64 hexadecimal digits');
}
