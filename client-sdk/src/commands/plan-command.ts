import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { roleText } from '../approval/standing.js';
import { identityOf } from '../configuration/identity-module.js';
import { lineOf } from '../configuration/proxy.js';
import { planSettings, readPlanSettings } from '../configuration/settings.js';
import type { RuleResult } from '../policy/evaluate-policy.js';
import { type ShownPlan, showPlan } from '../shown-plan.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { addPlanDecisionCommands } from './plan-decision-commands.js';
import { planHashValue } from './plan-hash-value.js';
import { settingFlags } from './setting-flags.js';

interface ShowFlags extends Readonly<Record<string, unknown>> {
  readonly plan?: Uint8Array;
  readonly against?: Uint8Array | 'last';
  readonly json?: true;
}

/** `participant plan …`: what a proposed plan asks for, what the policy here says to it, and the people's yes or no. */
export function addPlanCommand(group: Command, io: CommandIo): void {
  const plan = group.command('plan').description('What a run would ask of this organization, and whether it agrees.');
  settingFlags(
    plan.command('show').description('What a proposed plan means, and what your policy says to it; approves nothing.'),
    planSettings,
  )
    .option('--plan <hash>', 'which one (default: the one approved here last)', planHashValue)
    .option(
      '--against <hash>',
      'say how it differs from another plan; last: from the one approved here before',
      otherPlan,
    )
    .option('--json', 'print one envelope on stdout')
    .action((flags: ShowFlags) =>
      conclude(io, flags.json === true, async () => {
        // The flags of the plan are none of the settings.
        const { plan: planHash, against, ...settings } = flags;
        const { directory, policy, data } = await readPlanSettings({ flags: settings, environment: io.environment });
        requireExisting('--directory', directory, 'directory');
        const { signal, correlationId } = io;
        const named = { planHash, against, policyFile: policy, dataDirectory: data };
        const line = await lineOf({ flags: settings, environment: io.environment });
        const identity = await identityOf({ flags: settings, environment: io.environment });
        return resultOf(await showPlan({ directory, signal, correlationId, ...named, ...line, ...identity }));
      }),
    );
  addPlanDecisionCommands(plan, io);
}

function resultOf({ plan, planHash, proposer, lines, changes, rules, refusals, standing }: ShownPlan): CommandResult {
  const failed = rules.filter(({ passed }) => !passed);
  return {
    data: {
      planHash,
      proposer,
      run: plan.run,
      lines,
      changes,
      allowed: failed.length === 0,
      rules,
      approvals: standing?.roles ?? [],
      refusals,
      ...(standing?.withdrawn === undefined ? {} : { withdrawn: new Date(standing.withdrawn).toISOString() }),
      plan,
    },
    lines: [
      `Plan ${planHash}, proposed by ${proposer}.`,
      ...lines,
      ...changes,
      ...rosterLines(rules),
      ...(failed.length === 0
        ? [`Your policy allows it: all ${rules.length} rules hold.`]
        : [
            failed.some(({ rule }) => rule.startsWith('data.'))
              ? 'It would be refused here:'
              : 'Your policy refuses it:',
            ...failed.map(failedLine),
          ]),
      ...(standing === undefined ? [] : standingLines(standing)),
      ...refusalsLines(refusals),
    ],
  };
}

function refusalsLines(refusals: ShownPlan['refusals']): string[] {
  if (refusals.length === 0) return [];
  return [
    'Refused, as the coordinator says, by:',
    ...refusals.map(({ participant, rule }) => `  ${participant}: ${rule}`),
  ];
}

function standingLines({ roles, withdrawn }: NonNullable<ShownPlan['standing']>): string[] {
  if (withdrawn !== undefined) return [`It was withdrawn here on ${new Date(withdrawn).toISOString()}.`];
  if (roles.length === 0) return [];
  return [
    'Your policy waits for people besides, with the roster of today:',
    ...roles.map((one) => `  ${roleText(one)}`),
  ];
}

/** Who is in now that was not, since the roster approved here last: a person who approves the plan approves them. */
function rosterLines(rules: readonly RuleResult[]): string[] {
  const offered = rules.find(({ rule }) => rule === 'roster.additions')?.offered;
  const isNew = offered !== undefined && offered !== 'first roster' && offered !== 'unchanged';
  return isNew ? [`The roster differs from the one approved here last: ${offered}.`] : [];
}

/** Of a rule about records, the plan requires and the records offer; of any other, the policy and the plan. */
function failedLine({ rule, required, offered, fix }: RuleResult): string {
  const sides = rule.startsWith('data.') ? ['the plan requires', 'declared here:'] : ['requires', 'the plan offers'];
  return `  ${rule}: ${sides[0]} ${required}; ${sides[1]} ${offered}. ${fix}`;
}

function otherPlan(text: string): Uint8Array | 'last' {
  if (text === 'last') return text;
  try {
    return planHashValue(text);
  } catch {
    throw new InvalidArgumentError('64 hexadecimal digits, or last');
  }
}
