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

/**
 * Say what went wrong: an envelope on stdout with `json`, prose on stderr without. Never a stack trace, nor characters that a
 * terminal obeys. The same form as `conclude` of the packages behind this command.
 */
export function printError(io: CommandIo, error: EnvelopeError, json: boolean): void {
  const { correlationId } = io;
  const { code } = error;
  const [message, fix] = [printable(error.message), printable(withPage(code, error.fix))];
  if (json) {
    const described = { code, message, fix, correlationId };
    io.stdout.write(`${JSON.stringify({ schemaVersion, status: 'error', error: described })}\n`);
    return;
  }
  // A bad argument was sent to nobody.
  io.stderr.write(
    `${code}: ${message}\n${fix}\n${code === 'invalid-argument' ? '' : `Correlation id: ${correlationId}\n`}`,
  );
}

function withPage(code: string, fix = 'Correct what the message names, then try again.'): string {
  const sentence = fix.replace(/ More: docs\/errors\/.*$/s, '');
  return `${sentence} More: docs/errors/${code}.md (type: concordat explain ${code}).`;
}

function printable(text: string): string {
  return text.slice(0, 1024).replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, ' ');
}
