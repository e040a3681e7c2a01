import { type ErrorCode, type ErrorDetail, FederatedError, printable } from '@concordat/core';
import { newCorrelationId } from './correlation.js';
import { exitCodeOf } from './status.js';

/** Version of the envelope's shape. */
const schemaVersion = 1;

/** Where a command writes and how it ends. Commands touch neither the process nor its streams. */
export interface EnvelopeIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Sent to the coordinator with every call of this command, and shown with its error; a new one unless given. */
  readonly correlationId?: string;
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
    concludeFailure(io, json, error);
  }
}

/** Say that a command failed, as {@link conclude} does. */
export function concludeFailure(io: EnvelopeIo, json: boolean, error: unknown): void {
  io.exit(exitCodeOf(error));
  const { code, message, fix, detail } = describeError(error);
  const correlationId = io.correlationId ?? newCorrelationId();
  if (json) writeLine(io, { schemaVersion, status: 'error', error: { code, message, fix, correlationId, detail } });
  else
    io.stderr.write(
      `${code}: ${message}\n${fix}\n${code === 'invalid-argument' ? '' : `Correlation id: ${correlationId}\n`}`,
    );
}

/** One JSON object on a line of stdout. */
export function writeLine(io: Pick<EnvelopeIo, 'stdout'>, value: object): void {
  io.stdout.write(`${JSON.stringify(value)}\n`);
}

/** What an error says, for people and programs. */
export interface DescribedError {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do, and the address of the code's page. */
  readonly fix: string;
  readonly detail: ErrorDetail;
}

/** An error as data: code, message, what to do. Never a stack, never characters that a terminal obeys. */
export function describeError(error: unknown): DescribedError {
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof FederatedError ? error : new FederatedError('internal', message);
  return { code: known.code, message: printable(known.message), fix: printable(known.fix), detail: known.detail };
}
