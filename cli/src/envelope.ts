import type { CommandIo } from './io.js';

const schemaVersion = 1;

/** Exit code of bad arguments and of our own bugs, as in the status table of the wire. */
export const badArguments = 4;
export const ourBug = 5;

/** What went wrong, as a caller of `--json` reads it. */
export interface EnvelopeError {
  readonly code: string;
  readonly message: string;
  readonly fix?: string | undefined;
}

/** Print the one envelope of a command that succeeded: the last line of stdout. */
export function printData(io: CommandIo, data: unknown): void {
  io.stdout.write(`${JSON.stringify({ schemaVersion, status: 'ok', data })}\n`);
}

/** Say what went wrong: an envelope on stdout with `json`, prose on stderr without. Never a stack trace. */
export function printError(io: CommandIo, error: EnvelopeError, json: boolean): void {
  if (json) {
    io.stdout.write(`${JSON.stringify({ schemaVersion, status: 'error', error })}\n`);
    return;
  }
  io.stderr.write(`${error.code}: ${error.message}\n${error.fix === undefined ? '' : `${error.fix}\n`}`);
}
