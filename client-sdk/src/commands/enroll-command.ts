import { bounds, FederatedError } from '@concordat/core';
import { configurationError, resolveSettings, spokenFingerprint } from '@concordat/node';
import { type CommandResult, conclude, writeLine } from '@concordat/proto';
import type { Command } from 'commander';
import { loadIdentity } from '../configuration/identity-module.js';
import { proxyOf } from '../configuration/proxy.js';
import { enrolSettings } from '../configuration/settings.js';
import { type EnrolOptions, enroll, type InvitationSource } from '../enrol.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface EnrollFlags extends Readonly<Record<string, unknown>> {
  readonly json?: true;
}

/** `participant enroll`: keys, request, the fingerprint to compare, and the wait to be admitted. */
export function addEnrollCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group
      .command('enroll')
      .description('Enrol with an invitation: makes the keys here and waits for the operator to admit them.'),
    enrolSettings,
  )
    .option('--json', 'print JSON lines and one envelope on stdout')
    .action(async (flags: EnrollFlags) => {
      await conclude(io, flags.json === true, () => enrol(flags, io));
    });
}

async function enrol(flags: EnrollFlags, io: CommandIo): Promise<CommandResult> {
  const { values, problems } = resolveSettings(enrolSettings, { flags, environment: io.environment });
  if (problems.length > 0) throw configurationError(problems, 'concordat participant enroll --help');
  const { directory, invitationFile, identityModule, wait } = values;
  const result = await enroll({
    ...(await invitationSource(invitationFile, io)),
    directory,
    waitMillis: wait * 1000,
    pollMillis: 500,
    signal: io.signal,
    proxy: await proxyOf(values, io.environment),
    correlationId: io.correlationId,
    onPending: (fingerprint) => sayPending(fingerprint, flags, io),
    ...(identityModule === undefined ? {} : await signedBy(identityModule)),
  });
  const { participantId, consortium, fingerprint, state } = result;
  return {
    data: { ...result, directory },
    lines:
      state === 'admitted'
        ? [
            `${participantId} is a member of ${consortium}.`,
            `Next: write ${directory}/policy.yaml, say in ${directory}/participant.yaml where the records are, then run: concordat participant serve --directory ${directory}`,
          ]
        : [
            `${participantId} waits to be admitted. Fingerprint: ${spokenFingerprint(fingerprint)}`,
            'Run the same command again to go on.',
          ],
  };
}

/** Who signs, and where the commands that follow find it. */
async function signedBy(module: string): Promise<Pick<EnrolOptions, 'identity' | 'settings'>> {
  return { identity: await loadIdentity(module), settings: { 'identity.module': module } };
}

/** The invitation holds a secret: it comes from a file or from stdin, never from the command line, which others can list. */
async function invitationSource(file: string, io: CommandIo): Promise<InvitationSource> {
  if (file === '-') return { invitation: await readAll(io.stdin) };
  if (!/\{\s*"/.test(file)) return { invitationFile: file };
  // Not quoted: somebody put the invitation itself there.
  throw new FederatedError('invalid-argument', '--invitation-file names a file; what was offered is no file name', {
    fix: 'Save the invitation to a file, or pipe it in with --invitation-file -. Ask for a new one: others may have seen it.',
  });
}

async function readAll(stdin: CommandIo['stdin']): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stdin ?? []) {
    const bytes = Buffer.from(piece);
    length += bytes.length;
    if (length > bounds.certificateBytesMax) {
      throw new FederatedError('invalid-argument', 'stdin is too long for an invitation', {
        detail: { required: bounds.certificateBytesMax },
        fix: 'Pipe in the invitation file as the operator sent it.',
      });
    }
    pieces.push(bytes);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

function sayPending(fingerprint: string, flags: EnrollFlags, io: CommandIo): void {
  if (flags.json === true) {
    writeLine(io, { type: 'pending', fingerprint, spoken: spokenFingerprint(fingerprint) });
    return;
  }
  io.stderr.write(`Read this fingerprint to the operator, over the telephone: ${spokenFingerprint(fingerprint)}\n`);
  io.stderr.write('Waiting for the operator to compare it and to admit you.\n');
}
