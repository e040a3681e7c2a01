import { FederatedError } from '@concordat/core';
import { spokenFingerprint } from '@concordat/node';
import { type CommandResult, conclude, writeLine } from '@concordat/proto';
import type { Command } from 'commander';
import { enroll } from '../enrol.js';
import type { CommandIo } from './io.js';

interface EnrollOptions {
  readonly invitationFile: string;
  readonly directory: string;
  readonly wait: string;
  readonly json?: true;
}

/** `participant enroll`: keys, request, the fingerprint to compare, and the wait to be admitted. */
export function addEnrollCommand(group: Command, io: CommandIo): void {
  group
    .command('enroll')
    .description('Enrol with an invitation: makes the keys here and waits for the operator to admit them.')
    .requiredOption('--invitation-file <file>', 'the file the operator sent')
    .requiredOption('--directory <dir>', 'participant directory; made if it is missing')
    .option('--wait <seconds>', 'how long to wait to be admitted; 0 asks once', '600')
    .option('--json', 'print JSON lines and one envelope on stdout')
    .action(async (options: EnrollOptions) => {
      await conclude(io, options.json === true, () => enrol(options, io));
    });
}

async function enrol(options: EnrollOptions, io: CommandIo): Promise<CommandResult> {
  const result = await enroll({
    invitationFile: options.invitationFile,
    directory: options.directory,
    waitMillis: secondsOf(options.wait) * 1000,
    pollMillis: 500,
    signal: io.signal,
    correlationId: io.correlationId,
    onPending: (fingerprint) => sayPending(fingerprint, options, io),
  });
  const { participantId, consortium, fingerprint, state } = result;
  return {
    data: { ...result, directory: options.directory },
    lines:
      state === 'admitted'
        ? [
            `${participantId} is a member of ${consortium}.`,
            `Next: write ${options.directory}/policy.yaml, then run: concordat participant serve --directory ${options.directory} --data DIR`,
          ]
        : [
            `${participantId} waits to be admitted. Fingerprint: ${spokenFingerprint(fingerprint)}`,
            'Run the same command again to go on.',
          ],
  };
}

function sayPending(fingerprint: string, options: EnrollOptions, io: CommandIo): void {
  if (options.json === true) {
    writeLine(io, { type: 'pending', fingerprint, spoken: spokenFingerprint(fingerprint) });
    return;
  }
  io.stderr.write(`Read this fingerprint to the operator, over the telephone: ${spokenFingerprint(fingerprint)}\n`);
  io.stderr.write('Waiting for the operator to compare it and to admit you.\n');
}

function secondsOf(text: string): number {
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isNaN(seconds)) return seconds;
  throw new FederatedError(
    'invalid-argument',
    `--wait ${JSON.stringify(text.slice(0, 40))} is not a number of seconds`,
  );
}
