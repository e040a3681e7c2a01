import { isId, printable } from '@concordat/core';
import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { directorySettings } from '../configuration/settings.js';
import {
  type ParticipationSwitch,
  pauseParticipation,
  resumeParticipation,
  withdrawFromRun,
} from '../state/participation-switch.js';
import { directoryOf } from './directory-flag.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface ParticipationFlags extends Readonly<Record<string, unknown>> {
  readonly reason: string;
  readonly run: string;
  readonly json?: true;
}

/** `participant pause | resume | withdraw`: decisions of this organization alone. They need no network and outlive every restart. */
export function addParticipationCommands(group: Command, io: CommandIo): void {
  const reason = ['--reason <text>', 'why, for your own people: it does not leave'] as const;
  settingFlags(
    group.command('pause').description('Take part in no round from the next one on, until resumed.'),
    directorySettings,
  )
    .option(...reason, 'no reason was given')
    .option('--json', 'print one envelope on stdout')
    .action((flags: ParticipationFlags) =>
      conclude(io, flags.json === true, async () => {
        const directory = directoryOf(flags, io, 'pause');
        return resultOf(await pauseParticipation(directory, { reason: flags.reason, now: Date.now() }));
      }),
    );
  settingFlags(
    group.command('resume').description('Take part again, but not in runs that were withdrawn from.'),
    directorySettings,
  )
    .option('--json', 'print one envelope on stdout')
    .action((flags: ParticipationFlags) =>
      conclude(io, flags.json === true, async () =>
        resultOf(await resumeParticipation(directoryOf(flags, io, 'resume'))),
      ),
    );
  settingFlags(
    group.command('withdraw').description('Take part in no round of a run any more, for ever.'),
    directorySettings,
  )
    .requiredOption('--run <id>', 'which run', runName)
    .option(...reason, 'no reason was given')
    .option('--json', 'print one envelope on stdout')
    .action((flags: ParticipationFlags) =>
      conclude(io, flags.json === true, async () => {
        const directory = directoryOf(flags, io, 'withdraw');
        return resultOf(await withdrawFromRun(directory, { runId: flags.run, reason: flags.reason, now: Date.now() }));
      }),
    );
}

function resultOf({ paused, withdrawn }: ParticipationSwitch): CommandResult {
  const standing =
    paused === undefined
      ? 'This organization takes part in what its policy allows.'
      : `This organization has paused since ${paused.since} (${paused.reason}): a round under way is finished, the next one goes on without it.`;
  return {
    data: { paused: paused ?? null, withdrawn },
    lines: [
      standing,
      ...withdrawn.map(
        ({ runId, since, reason }) =>
          `It withdrew from run ${runId} on ${since} (${reason}). What was in a published sum before stays in that model.`,
      ),
    ].map(printable),
  };
}

function runName(text: string): string {
  if (isId(text)) return text;
  throw new InvalidArgumentError('the id of a run: lower-case letters, digits and hyphens');
}
