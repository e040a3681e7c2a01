import { toHex } from '@concordat/core';
import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { identityOf } from '../configuration/identity-module.js';
import { lineOf } from '../configuration/proxy.js';
import { readVerifyRoundSettings, verifyRoundSettings } from '../configuration/settings.js';
import { type CheckedRound, verifyRound } from '../verify-round.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface VerifyRoundFlags extends Readonly<Record<string, unknown>> {
  readonly session?: string;
  readonly chunks?: number | 'all';
  readonly json?: true;
}

/** `participant verify-round`: compute the sum of a round anew, and sign what was found. */
export function addVerifyRoundCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group
      .command('verify-round')
      .description('Compute the sum of a round anew from what the coordinator shows, and sign what was found.'),
    verifyRoundSettings,
  )
    .option('--session <run/round>', 'which one; or the first digits of its sid2 (default: the last one)', sessionName)
    .option('--chunks <all|N>', 'how much of it (default: all up to 64 MB, else 8 random chunks)', chunksWanted)
    .option('--json', 'print one envelope on stdout')
    .action(async (flags: VerifyRoundFlags) => {
      await conclude(io, flags.json === true, async () => resultOf(await verifyHere(flags, io)));
    });
}

async function verifyHere(flags: VerifyRoundFlags, io: CommandIo): Promise<CheckedRound> {
  const { session, chunks } = flags;
  const { directory, kernels } = await readVerifyRoundSettings({ flags, environment: io.environment });
  requireExisting('--directory', directory, 'directory');
  return verifyRound({
    directory,
    kernels,
    signal: io.signal,
    ...(await lineOf({ flags, environment: io.environment })),
    ...(await identityOf({ flags, environment: io.environment })),
    ...(session === undefined ? {} : { session }),
    ...(chunks === undefined ? {} : { chunks }),
  });
}

/** @throws the error of a sum that is wrong. */
function resultOf(checked: CheckedRound): CommandResult {
  if (checked.error !== undefined) throw checked.error;
  const { participantId, runId, round, finding, chunks, model, verdict, given, threshold, group } = checked;
  const signed = verdict === 'result' ? [...new Set([...checked.signed, participantId])].sort() : checked.signed;
  const groups = groupsOf(checked, signed.length);
  const isReleased = groups.every((one) => one.signed >= one.threshold);
  const data = {
    participant: participantId,
    run: runId,
    round,
    sid2: toHex(finding.sid2),
    resultHash: toHex(finding.resultHash),
    chunksChecked: chunks.checked,
    chunks: chunks.of,
    modelChecked: model.of > 0 && model.checked === model.of,
    parametersChecked: model.checked,
    parameters: model.of,
    kernels: checked.kernels,
    verdict: verdict ?? 'none',
    given,
    signed,
    disputed: checked.disputed,
    threshold,
    released: isReleased,
    ...(group === undefined ? {} : { group, groups }),
  };
  const released = isReleased ? 'released' : 'not released yet';
  const disputes = checked.disputed.length === 0 ? '' : `; disputed by ${checked.disputed.join(', ')}`;
  return {
    data,
    lines: [
      `Round ${round} of run ${runId}: the sum${group === undefined ? '' : ` of group ${group}`} is right in ${chunks.checked} of ${chunks.of} chunks, computed anew.`,
      modelLine(checked),
      verdictLine(checked),
      ...(group === undefined
        ? [`${signed.length} signed, ${threshold} are needed: ${released}${disputes}.`]
        : [...groups.map(groupLine), `The round is ${released}${disputes}.`]),
    ],
  };
}

/** With this participant's own verdict counted, which the coordinator had not when it said how the release stands. */
function groupsOf({ groups, group }: CheckedRound, signed: number): CheckedRound['groups'] {
  return groups.map((one) => (group === undefined || one.group === group ? { ...one, signed } : one));
}

function groupLine({ group, signed, threshold, disputed }: CheckedRound['groups'][number]): string {
  return `Group ${group}: ${signed} signed, ${threshold} are needed${disputed === 0 ? '' : `; ${disputed} dispute it`}.`;
}

function modelLine({ model, groups }: CheckedRound): string {
  const them = groups.length > 1 ? `the sums of all ${groups.length} groups` : 'it';
  if (model.checked === 0)
    return 'The published model was not made again: that takes every chunk of a round that trained (--chunks all).';
  if (model.checked === model.of) return `The published model is what the plan makes of ${them}.`;
  return `Of the published model, the ${model.checked} of ${model.of} parameters in these chunks are what the plan makes of ${them}.`;
}

function verdictLine({ verdict, given, participantId }: CheckedRound): string {
  if (given === 'elsewhere')
    return `A client of ${participantId} is running and signs for itself; nothing was signed here.`;
  if (given === 'now') return `${participantId} signed it.`;
  return verdict === 'disputed'
    ? `${participantId} disputed it before; that stands.`
    : `${participantId} signed it before.`;
}

function sessionName(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}\/[1-9][0-9]{0,6}$|^[0-9a-f]{8,64}$/.test(text)) return text;
  throw new InvalidArgumentError('run and round, as in spring/3, or eight or more hexadecimal digits of a sid2');
}

function chunksWanted(text: string): number | 'all' {
  if (text === 'all') return text;
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('all, or a number of chunks from 1');
}
