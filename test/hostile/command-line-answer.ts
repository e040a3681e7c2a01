import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { participantProgram, runParticipantCommand } from '@concordat/client-sdk';
import { initConsortium } from '@concordat/coordinator';
import type { Command } from 'commander';
import { runCommand, wholeProgram } from 'concordat';
import { type Fixtures, layOutFixtures } from './command-lines.js';

/** One of our two commands. */
export interface Binary {
  readonly name: string;
  readonly program: Command;
  run(args: readonly string[], io: Streams): Promise<number>;
}

interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Both commands with everything they can do. */
export async function binaries(): Promise<Binary[]> {
  const nowhere = { write: () => undefined };
  const io = {
    stdout: nowhere,
    stderr: nowhere,
    environment: {},
    signal: AbortSignal.abort(),
    correlationId: '0'.repeat(16),
    exit: () => undefined,
  };
  return [
    { name: 'concordat', program: await wholeProgram(io), run: runCommand },
    { name: 'concordat-participant', program: participantProgram(io), run: runParticipantCommand },
  ];
}

/** A consortium that was founded and whose coordinator does not run. */
export async function foundFixtures(root: string): Promise<Fixtures> {
  const consortium = join(root, 'consortium');
  await initConsortium({ directory: consortium, consortium: 'demo', address: '127.0.0.1:1', listenHost: '127.0.0.1' });
  return layOutFixtures(root, consortium);
}

/** What a command line was answered with. */
export interface Answer {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const answerMillis = 10_000;

/** Run a command line in this process. A command that starts to work is told to stop at once. */
export async function answerOf(binary: Binary, args: readonly string[]): Promise<Answer> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const work = binary.run(args, {
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    environment: {},
    signal: AbortSignal.abort(),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), answerMillis);
  });
  const exitCode = await Promise.race([work, late]).finally(() => clearTimeout(timer));
  return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** What is wrong with the answer to bad arguments given with `--json`; empty when it is as it should be. */
export function faultsOfEnvelope({ exitCode, stdout, stderr }: Answer): string[] {
  const faults = commonFaults({ exitCode, stdout, stderr });
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length !== 1) return [...faults, `${lines.length} lines on stdout instead of one envelope`];
  let envelope: { status?: unknown; error?: Readonly<Record<string, unknown>> };
  try {
    envelope = JSON.parse(lines[0]!);
  } catch {
    return [...faults, 'stdout is no JSON'];
  }
  const { status, error = {} } = envelope;
  if (status !== 'error' || error.code !== 'invalid-argument') faults.push(`the envelope says ${status} ${error.code}`);
  if (typeof error.message !== 'string' || error.message === '' || error.message.length > 1024)
    faults.push('a bad message');
  if (!String(error.fix).includes('docs/errors/invalid-argument.md'))
    faults.push('a fix without the address of its page');
  if (!/^[0-9a-f]{16}$/.test(String(error.correlationId))) faults.push('no correlation id');
  if (stderr !== '') faults.push('something on stderr beside the envelope');
  return faults;
}

/** The same without `--json`: prose on stderr, nothing on stdout. */
export function faultsOfProse(answer: Answer): string[] {
  const faults = commonFaults(answer);
  if (answer.stdout !== '') faults.push('something on stdout');
  if (!/(^|\n)invalid-argument: .+\n.+\n$/.test(answer.stderr))
    faults.push('stderr does not say what is wrong and what to do');
  return faults;
}

function commonFaults({ exitCode, stdout, stderr }: Answer): string[] {
  const faults = exitCode === 4 ? [] : [`exit code ${exitCode ?? 'none in time'}`];
  if (/^ {4}at /m.test(stdout + stderr)) faults.push('a stack trace');
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test((stdout + stderr).replaceAll('\n', ''))) faults.push('raw control characters');
  if (stdout.length + stderr.length > 8192) faults.push('an answer as long as the question');
  return faults;
}

const repository = resolve(import.meta.dirname, '../../..');
const bins: Readonly<Record<string, string>> = {
  concordat: 'cli/dist/bin/concordat.js',
  'concordat-participant': 'client-sdk/dist/bin/concordat-participant.js',
};

/** Run a command line as a process of its own; undefined when the system cannot start one with such arguments. */
export function answerOfProcess(binary: Binary, args: readonly string[]): Answer | undefined {
  // An argv holds no NUL, no lone surrogate, and on Linux no argument above 128 KiB.
  if (args.some((arg) => /[\0\ud800]/.test(arg) || arg.length > 100_000)) return undefined;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(repository, bins[binary.name]!), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { exitCode: status ?? undefined, stdout, stderr };
}
