import { dirname } from 'node:path';
import { FederatedError, isId, type PlanDecision, participantRole, printable, toHex } from '@concordat/core';
import {
  createEncryptedIdentityFile,
  fingerprintOf,
  readEncryptedIdentityFile,
  readSecretFile,
  spokenFingerprint,
  systemRandom,
} from '@concordat/node';
import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { approverKeyText } from '../approval/approver-key.js';
import { decisionText } from '../approval/decision-file.js';
import { writeNamedOutput } from '../approval/named-output.js';
import { type Answer, answerPath, type OpenedExport, openExport, signExport } from '../approval/sign-export.js';
import { dateValue } from './date-value.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { TypedLines } from './typed-lines.js';

interface InitFlags {
  readonly file: string;
  readonly passphraseFile?: string;
  readonly json?: true;
}

interface SignFlags {
  readonly key: string;
  readonly role: string;
  readonly passphraseFile?: string;
  readonly expires?: number;
  readonly reason?: string;
  readonly out?: string;
  readonly yes?: true;
  readonly json?: true;
}

const passphrase = [
  '--passphrase-file <file>',
  'where the passphrase of the key is; else it is asked for, or the first line of stdin',
] as const;

/** Add `approver …`: a person's own key, and what is signed with it. None of it needs a network or a participant directory. */
export function registerApproverCommands(program: Command, io: CommandIo): void {
  const group = program.command('approver').description('Decide on plans for an organization, with a key of your own.');
  group
    .command('init')
    .description('Make your key, encrypted with a passphrase; its public half goes into policy.yaml.')
    .requiredOption('--file <file>', 'where the key is written; a file that is there stays')
    .option(...passphrase)
    .option('--json', 'print one envelope on stdout')
    .action((flags: InitFlags) => conclude(io, flags.json === true, () => init(flags, io)));
  signing(group, 'sign', 'Read an exported plan, and approve it for the participant that exported it.')
    .option('--expires <time>', 'until when, e.g. 2030-01-31 or 2030-01-31T12:00:00Z (default: as the plan)', dateValue)
    .action((file: string, flags: SignFlags) =>
      conclude(io, flags.json === true, () =>
        answer(file, flags, io, {
          decision: 'approved',
          ...(flags.expires === undefined ? {} : { expires: flags.expires }),
        }),
      ),
    );
  signing(group, 'withdraw', 'Read an exported plan, and take back what you approved of it.')
    .option('--reason <text>', 'why, for the people of the organization: it does not leave', 'no reason was given')
    .action((file: string, flags: SignFlags) =>
      conclude(io, flags.json === true, () =>
        answer(file, flags, io, { decision: 'withdrawn', reason: printable(flags.reason ?? '') }),
      ),
    );
}

function signing(group: Command, name: string, description: string): Command {
  return group
    .command(name)
    .description(`${description} Needs no network.`)
    .argument('<file>', 'what participant plan export wrote')
    .requiredOption('--key <file>', 'your key, as approver init made it')
    .requiredOption('--role <role>', 'your role, as the participant’s policy.yaml names it', roleName)
    .option(...passphrase)
    .option('--out <file>', 'where the signed decision is written (default: beside the export)')
    .option('--yes', 'sign without asking: you have read it')
    .option('--json', 'print one envelope on stdout');
}

async function init({ file, passphraseFile }: InitFlags, io: CommandIo): Promise<CommandResult> {
  requireExisting('--file in', dirname(file), 'directory');
  const typed = new TypedLines(io);
  try {
    const secret = await passphraseOf(passphraseFile, typed);
    if (passphraseFile === undefined && typed.isTerminal) {
      const again = await typed.ask('The same again: ', { hidden: true });
      if (again !== secret)
        throw new FederatedError('invalid-argument', 'the two passphrases differ', { fix: 'Type it again.' });
    }
    const { publicKey } = await createEncryptedIdentityFile(file, systemRandom, Buffer.from(secret));
    const fingerprint = fingerprintOf(publicKey);
    const key = approverKeyText(publicKey);
    return {
      data: { file, publicKey: key, fingerprint },
      lines: [
        `Your key is in ${file}, encrypted. Keep it where you alone can read it; without the passphrase nobody can use it.`,
        `Public key, for approvers in policy.yaml: ${key}`,
        `Fingerprint, to compare by voice: ${spokenFingerprint(fingerprint)}`,
      ].map(printable),
    };
  } finally {
    await typed.close();
  }
}

async function answer(file: string, flags: SignFlags, io: CommandIo, said: Answer): Promise<CommandResult> {
  const { key, role, passphraseFile, out = answerPath(file, role, said.decision) } = flags;
  requireExisting('--key', key, 'file');
  const opened = await openExport(file, { now: Date.now() });
  const typed = new TypedLines(io);
  try {
    const lines = [...opened.lines, questionOf(opened, role, said)].map(printable);
    io.stderr.write(`${lines.join('\n')}\n`);
    if (flags.yes !== true) await requireYes(typed);
    const person = await readEncryptedIdentityFile(key, Buffer.from(await passphraseOf(passphraseFile, typed)));
    const { signed, expires } = signExport(opened, person, { role, answer: said, now: Date.now() });
    await writeNamedOutput(out, decisionText(signed));
    return resultOf({ opened, role, said, out, expires, publicKey: person.publicKey });
  } finally {
    await typed.close();
  }
}

interface Signed {
  readonly opened: OpenedExport;
  readonly role: string;
  readonly said: Answer;
  readonly out: string;
  readonly expires: number | undefined;
  readonly publicKey: Uint8Array;
}

function resultOf({ opened, role, said, out, expires, publicKey }: Signed): CommandResult {
  const { decision } = said;
  const until = expires === undefined ? undefined : new Date(expires).toISOString();
  const verb: Record<PlanDecision['decision'], string> = { approved: 'approve', withdrawn: 'withdraw' };
  return {
    data: {
      decision,
      planHash: toHex(opened.planHash),
      rosterHash: toHex(opened.rosterHash),
      role,
      publicKey: approverKeyText(publicKey),
      ...(until === undefined ? {} : { expires: until }),
      out,
      lines: opened.lines,
    },
    lines: [
      `Signed as ${role}${until === undefined ? '' : `, until ${until}`}: ${out}`,
      `At the participant: concordat participant plan ${verb[decision]} --signature FILE`,
    ].map(printable),
  };
}

function questionOf({ plan, exported }: OpenedExport, role: string, said: Answer): string {
  const whom = `for ${exported.participantId}, as ${role}`;
  if (said.decision === 'withdrawn') return `You take back your approval of this plan ${whom}.`;
  const until = said.expires === undefined ? plan.approval.expires : new Date(said.expires).toISOString();
  return `You approve this plan ${whom}, until ${until}.`;
}

async function requireYes(typed: TypedLines): Promise<void> {
  if (!typed.isTerminal) {
    throw new FederatedError('invalid-argument', 'nobody is there to be asked', {
      fix: 'Read what the command prints, then give --yes.',
    });
  }
  if ((await typed.ask('Type yes to sign: ')).trim() === 'yes') return;
  throw new FederatedError('invalid-argument', 'it was not signed', { fix: 'Type yes, or leave it.' });
}

/** Never from the command line, which others can list. */
async function passphraseOf(file: string | undefined, typed: TypedLines): Promise<string> {
  if (file === undefined) return typed.ask('Passphrase: ', { hidden: true });
  return new TextDecoder().decode(await readSecretFile(file, 4_096)).replace(/\r?\n$/, '');
}

function roleName(text: string): string {
  if (isId(text) && text !== participantRole) return text;
  throw new InvalidArgumentError(`a role of policy.yaml: a–z, 0–9 and hyphen, not ${participantRole}`);
}
