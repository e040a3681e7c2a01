import { FederatedError, type PlanDecision, printable, toHex } from '@concordat/core';
import { type CommandResult, conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { approvePlan, exportPlan, importDecision, type PolicyPlace, withdrawPlan } from '../approval/decide.js';
import { identityOf } from '../configuration/identity-module.js';
import { lineOf } from '../configuration/proxy.js';
import { keySettings, planSettings, readPlanSettings } from '../configuration/settings.js';
import { dateValue } from './date-value.js';
import { directoryOf } from './directory-flag.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { planHashValue } from './plan-hash-value.js';
import { settingFlags } from './setting-flags.js';

interface DecisionFlags extends Readonly<Record<string, unknown>> {
  readonly plan?: Uint8Array;
  readonly signature?: readonly string[];
  readonly out?: string;
  readonly expires?: number;
  readonly reason?: string;
  readonly json?: true;
}

const signature = [
  '--signature <files...>',
  'what approver sign or withdraw wrote; verified and kept, without a network',
] as const;

/** `participant plan export | approve | withdraw`: what people sign elsewhere, and what they said. */
export function addPlanDecisionCommands(plan: Command, io: CommandIo): void {
  settingFlags(
    plan.command('export').description('Write a plan to a file that people read and sign on computers of their own.'),
    keySettings,
  )
    .requiredOption('--plan <hash>', 'which one', planHashValue)
    .requiredOption('--out <file>', 'where it is written')
    .option('--json', 'print one envelope on stdout')
    .action((flags: DecisionFlags) => conclude(io, flags.json === true, () => exportHere(flags, io)));
  settingFlags(
    plan
      .command('approve')
      .description(
        'Take in what people signed; or approve with the participant’s own key, where the policy names nobody.',
      ),
    planSettings,
  )
    .option(...signature)
    .option(
      '--plan <hash>',
      'which plan: the signatures have to be of it, or the participant’s key signs it',
      planHashValue,
    )
    .option('--expires <time>', 'of the participant’s own approval, e.g. 2030-01-31 (default: as the plan)', dateValue)
    .option('--json', 'print one envelope on stdout')
    .action((flags: DecisionFlags) => conclude(io, flags.json === true, () => approveHere(flags, io)));
  settingFlags(
    plan
      .command('withdraw')
      .description('Take part in no round of a plan any more, from the next one on. Needs no network.'),
    planSettings,
  )
    .option('--plan <hash>', 'which one; taken back for everybody here', planHashValue)
    .option(...signature)
    .option('--reason <text>', 'why, for your own people: it does not leave', 'no reason was given')
    .option('--json', 'print one envelope on stdout')
    .action((flags: DecisionFlags) => conclude(io, flags.json === true, () => withdrawHere(flags, io)));
}

async function exportHere(flags: DecisionFlags, io: CommandIo): Promise<CommandResult> {
  const { plan: planHash, out = '', ...settings } = flags;
  const directory = directoryOf(settings, io, 'plan export');
  const { signal, correlationId } = io;
  const line = await lineOf({ flags: settings, environment: io.environment });
  const identity = await identityOf({ flags: settings, environment: io.environment });
  const options = { directory, planHash, out, signal, correlationId, ...line, ...identity };
  const { lines, rosterHash } = await exportPlan(options);
  return {
    data: { out, planHash: planHash === undefined ? '' : toHex(planHash), rosterHash: toHex(rosterHash), lines },
    lines: [
      ...lines,
      `Written to ${out}: nothing in it is secret.`,
      'On another computer: concordat approver sign FILE --key KEY --role ROLE',
    ].map(printable),
  };
}

async function approveHere(flags: DecisionFlags, io: CommandIo): Promise<CommandResult> {
  const { plan: planHash, signature: files, expires, ...settings } = flags;
  if (files !== undefined) return imported('approved', files, { planHash, settings }, io);
  if (planHash === undefined) throw nothingNamed();
  const places = await placesOf(settings, io);
  const { signal, correlationId } = io;
  const line = await lineOf({ flags: settings, environment: io.environment });
  const options = { ...places, planHash, signal, correlationId, ...line };
  return resultOf([await approvePlan({ ...options, ...(expires === undefined ? {} : { expires }) })]);
}

async function withdrawHere(flags: DecisionFlags, io: CommandIo): Promise<CommandResult> {
  const { plan: planHash, signature: files, reason = '', ...settings } = flags;
  if (files !== undefined) return imported('withdrawn', files, { planHash, settings }, io);
  if (planHash === undefined) throw nothingNamed();
  return resultOf([await withdrawPlan({ ...(await placesOf(settings, io)), planHash, reason })]);
}

interface ImportFlags {
  readonly planHash: Uint8Array | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One after the other: those before a wrong one are kept, and may be named again. */
async function imported(
  decision: PlanDecision['decision'],
  files: readonly string[],
  { planHash, settings }: ImportFlags,
  io: CommandIo,
): Promise<CommandResult> {
  const places = await placesOf(settings, io);
  const taken: PlanDecision[] = [];
  for (const file of files) taken.push(await importDecision({ ...places, file, decision, planHash }));
  return resultOf(taken);
}

async function placesOf(flags: Readonly<Record<string, unknown>>, io: CommandIo): Promise<PolicyPlace> {
  const overrides = { flags, environment: io.environment };
  const { directory, policy: policyFile } = await readPlanSettings(overrides);
  requireExisting('--directory', directory, 'directory');
  return { directory, policyFile, ...(await identityOf(overrides)) };
}

function resultOf(decisions: readonly PlanDecision[]): CommandResult {
  const iso = (millis: number) => new Date(millis).toISOString();
  return {
    data: {
      decisions: decisions.map((one) => ({
        decision: one.decision,
        planHash: toHex(one.planHash),
        role: one.role,
        issuedAt: iso(one.issuedAt),
        ...(one.decision === 'approved' ? { rosterHash: toHex(one.rosterHash), expires: iso(one.expires) } : {}),
      })),
    },
    lines: decisions
      .map((one) =>
        one.decision === 'approved'
          ? `Plan ${toHex(one.planHash)} is approved as ${one.role}, until ${iso(one.expires)}.`
          : `Plan ${toHex(one.planHash)} is withdrawn as ${one.role}: a round under way is finished, the next one goes on without us. What was in a published sum before stays in that model.`,
      )
      .map(printable),
  };
}

function nothingNamed(): FederatedError {
  return new FederatedError('invalid-argument', 'neither a plan nor a signature is named', {
    detail: { required: '--plan HASH or --signature FILE' },
    fix: 'Name the plan with --plan, or the signed files with --signature.',
  });
}
