import { FederatedError } from '@concordat/core';
import { exitCodeOf } from './status.js';

/** Version of the envelope's shape. */
const schemaVersion = 1;

/** Where a command writes and how it ends. Commands touch neither the process nor its streams. */
export interface EnvelopeIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** How the command ended; 0 unless called. */
  exit(code: number): void;
}

/** What a command that worked has to say. */
export interface CommandResult {
  /** For `--json`: one envelope. */
  readonly data: object;
  /** For people: lines on stdout. */
  readonly lines: readonly string[];
}

/**
 * Run a command and say how it went: with `json` one envelope `{schemaVersion, status, data | error}` on stdout, else lines on
 * stdout and errors on stderr. Sets the exit code; throws nothing and shows no stack.
 */
export async function conclude(
  io: EnvelopeIo,
  json: boolean,
  work: () => CommandResult | Promise<CommandResult>,
): Promise<void> {
  try {
    const { data, lines } = await work();
    if (json) writeLine(io, { schemaVersion, status: 'ok', data });
    else for (const line of lines) io.stdout.write(`${line}\n`);
  } catch (error) {
    io.exit(exitCodeOf(error));
    if (json) writeLine(io, { schemaVersion, status: 'error', error: describeError(error) });
    else for (const line of errorLines(error)) io.stderr.write(`${line}\n`);
  }
}

/** One JSON object on a line of stdout. */
export function writeLine(io: Pick<EnvelopeIo, 'stdout'>, value: object): void {
  io.stdout.write(`${JSON.stringify(value)}\n`);
}

/** An error as data: code, message, what to do. Never a stack. */
export function describeError(error: unknown): object {
  if (!(error instanceof FederatedError)) return { code: 'internal', message: messageOf(error) };
  const { code, message, fix, detail } = error;
  return { code, message, ...(fix === undefined ? {} : { fix }), detail };
}

function errorLines(error: unknown): string[] {
  if (!(error instanceof FederatedError)) return [`internal: ${messageOf(error)}`];
  return [`${error.code}: ${error.message}`, ...(error.fix === undefined ? [] : [error.fix])];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
