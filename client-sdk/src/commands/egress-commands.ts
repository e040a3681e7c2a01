import { printable } from '@concordat/core';
import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { directorySettings } from '../configuration/settings.js';
import type { EgressMark } from '../egress/egress-chain.js';
import { type ReadEgress, readEgress, requireUndamaged } from '../egress/egress-reading.js';
import { reportEgress } from '../egress/egress-report.js';
import { reportLines } from '../egress/report-lines.js';
import { reportPage } from '../egress/report-page.js';
import { readEnrolment } from '../keys/enrolment-file.js';
import { readClientEpoch } from '../state/client-epoch.js';
import { directoryOf } from './directory-flag.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface EgressFlags extends Readonly<Record<string, unknown>> {
  readonly run?: string;
  readonly html?: true;
  readonly noted?: EgressMark;
  readonly json?: true;
}

/** `participant egress report | verify`: what left, and that the log of it was not changed. Nothing is sent. */
export function addEgressCommands(group: Command, io: CommandIo): void {
  const egress = group.command('egress').description('What left this organization, from its own log.');
  settingFlags(
    egress.command('report').description('Add up what left, by kind and round; for a data-protection officer.'),
    directorySettings,
  )
    .option('--run <id>', 'only this run')
    .option('--html', 'print one printable page on stdout')
    .option('--json', 'print one envelope on stdout')
    .action((flags: EgressFlags) => conclude(io, flags.json === true, () => report(flags, io)));
  settingFlags(
    egress.command('verify').description('Prove that every line of the log is as it was written.'),
    directorySettings,
  )
    .option('--noted <entries:chain>', 'what a report said once: the log must contain it', noted)
    .option('--json', 'print one envelope on stdout')
    .action((flags: EgressFlags) => conclude(io, flags.json === true, () => verify(flags, io)));
}

async function report(flags: EgressFlags, io: CommandIo): Promise<CommandResult> {
  const directory = directoryOf(flags, io, 'egress report');
  const found = reportEgress(await read(directory, flags), flags);
  const participant = (await readEnrolment(directory))?.participantId ?? 'a participant that is not enrolled';
  const lines =
    flags.html === true
      ? [reportPage(found, participant, new Date().toISOString()).trimEnd()]
      : reportLines(found).map(printable);
  return { data: { participant, ...found }, lines };
}

async function verify(flags: EgressFlags, io: CommandIo): Promise<CommandResult> {
  const directory = directoryOf(flags, io, 'egress verify');
  const { mark, unchained } = await read(directory, flags);
  const before = unchained === 0 ? '' : ` The first ${unchained} lines are of a version that did not chain them.`;
  return {
    data: { ...mark, unchained },
    lines: [
      `All ${mark.entries} entries are as they were written, and contain what was noted. The chain ends with ${mark.chain}.${before}`,
    ],
  };
}

/** @throws `verification` for a log that was changed. */
async function read(directory: string, flags: EgressFlags): Promise<ReadEgress> {
  const last = (await readClientEpoch(directory))?.egress;
  const marks = [last, flags.noted].filter((mark) => mark !== undefined);
  const found = await readEgress(directory, marks);
  requireUndamaged(found, directory);
  return found;
}

function noted(text: string): EgressMark {
  const [, entries, chain] = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (entries === undefined || chain === undefined)
    throw new InvalidArgumentError('entries and chain value, as 120:6f…');
  return { entries: Number(entries), chain };
}
