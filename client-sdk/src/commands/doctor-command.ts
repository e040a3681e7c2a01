import { FederatedError, printable } from '@concordat/core';
import { type CommandResult, conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { participantSettings } from '../configuration/settings.js';
import { examine } from '../doctor/doctor.js';
import type { Finding } from '../doctor/finding.js';
import { directoryOf } from './directory-flag.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface DoctorFlags extends Readonly<Record<string, unknown>> {
  readonly json?: true;
}

/** `participant doctor`: everything that a client needs, each with what was found and what to do. */
export function addDoctorCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group
      .command('doctor')
      .description('Check settings, disk, keys, network, TLS, clock and coordinator: each passed, or what to do.'),
    participantSettings,
  )
    .option('--json', 'print one envelope on stdout')
    .action((flags: DoctorFlags) => conclude(io, flags.json === true, () => doctor(flags, io)));
}

async function doctor(flags: DoctorFlags, io: CommandIo): Promise<CommandResult> {
  const { environment, correlationId, signal } = io;
  const directory = directoryOf(flags, io, 'doctor');
  // What was typed is there, or the question is wrong; what a file says is looked at.
  if (typeof flags.data === 'string') requireExisting('--data', flags.data, 'directory');
  if (typeof flags.policy === 'string') requireExisting('--policy', flags.policy, 'file');
  const findings = await examine({ directory, flags, environment, correlationId, signal });
  const problems = findings.filter(({ status }) => status === 'problem');
  const lines = findings.map(lineOf);
  if (problems.length === 0) {
    return { data: { findings }, lines: [...lines, 'Everything that was looked at is well.'] };
  }
  if (flags.json !== true) for (const line of lines) io.stdout.write(`${line}\n`);
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  throw new FederatedError('unavailable', `the doctor found ${count}`, {
    detail: { problems: problems.map(({ check, found }) => `${check}: ${found}`) },
    fix: problems[0]!.fix ?? 'Read what was found.',
  });
}

function lineOf({ check, status, found, fix }: Finding): string {
  const mark = { passed: 'ok     ', problem: 'PROBLEM', skipped: 'skipped' }[status];
  return printable(`${mark}  ${check.padEnd(13)}  ${found}${fix === undefined ? '' : ` → ${fix}`}`);
}
