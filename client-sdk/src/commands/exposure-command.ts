import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { directorySettings } from '../configuration/settings.js';
import { readEgress, requireUndamaged } from '../egress/egress-reading.js';
import { type ExposedRound, exposureOf } from '../egress/exposure.js';
import { salvageJournal } from '../state/journal.js';
import { directoryOf } from './directory-flag.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface ExposureFlags extends Readonly<Record<string, unknown>> {
  readonly from: number;
  readonly to: number;
  readonly colluders: number;
  readonly json?: true;
}

/** `participant exposure`: after a break-in at the coordinator, in which sums we were, and what could be learned. Nothing is sent. */
export function addExposureCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group
      .command('exposure')
      .description('If the coordinator was broken into: in which sums we were, and what could be learned at most.'),
    directorySettings,
  )
    .requiredOption('--from <date>', 'beginning of the period, e.g. 2026-03-01 or 2026-03-01T08:00:00Z', date)
    .requiredOption('--to <date>', 'its end, not included', date)
    .option('--colluders <k>', 'members that tell the intruder everything', count, 0)
    .option('--json', 'print one envelope on stdout')
    .action((flags: ExposureFlags) => conclude(io, flags.json === true, () => exposure(flags, io)));
}

async function exposure(flags: ExposureFlags, io: CommandIo): Promise<CommandResult> {
  const directory = directoryOf(flags, io, 'exposure');
  const egress = await readEgress(directory);
  requireUndamaged(egress, directory);
  const { records } = await salvageJournal(directory, undefined);
  const rounds = exposureOf(egress.entries, records, flags);
  const period = { from: new Date(flags.from).toISOString(), to: new Date(flags.to).toISOString() };
  const alone = rounds.filter(({ learned }) => learned.type === 'ours').length;
  return {
    data: { ...period, colluders: flags.colluders, rounds },
    lines: [
      `From ${period.from} to ${period.to} ${rounds.length} masked updates left.`,
      ...rounds.map(lineOf),
      `With ${flags.colluders} of the members of each session on the intruder’s side, ${alone} of ${rounds.length} updates could be read alone.`,
    ],
  };
}

function lineOf({ runId, round, time, cohort, survivors, included, learned }: ExposedRound): string {
  const members = cohort === undefined ? 'a session that the journal no longer knows' : `a session of ${cohort}`;
  const sum = included ? `, in a sum of ${survivors}` : ', in no sum that we helped to open';
  const most = {
    nothing: 'nothing but noise',
    ours: 'our update alone',
    sum: learned.type === 'sum' ? `the sum of ${learned.of} updates, ours among them` : '',
  };
  return `  ${time} ${runId}, round ${round}: ${members}${sum}; at most ${most[learned.type]}.`;
}

function date(text: string): number {
  const millis = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(millis)) throw new InvalidArgumentError('a date, or a time with its zone, as 2026-03-01T08:00:00Z');
  return millis;
}

function count(text: string): number {
  if (/^[0-9]{1,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a number of members, from 0');
}
