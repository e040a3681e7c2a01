import type { Command } from 'commander';

const charactersMax = 4096;

/**
 * Refuse what no argument may hold, whatever it is for: nothing at all, another option, more than 4,096 characters, and characters that a terminal,
 * a log or a path would obey. Runs before the command does anything.
 *
 * @throws CommanderError.
 */
export function requirePlainArguments(command: Command): void {
  const typed: [string, unknown][] = [
    ...command.registeredArguments.map((argument, i): [string, unknown] => [argument.name(), command.args[i]]),
    ...command.options.map((option): [string, unknown] => [`${option.long}`, command.opts()[option.attributeName()]]),
  ];
  for (const [name, value] of typed) {
    for (const text of Array.isArray(value) ? value : [value]) {
      if (typeof text === 'string') requirePlain(command, name, text);
    }
  }
}

function requirePlain(command: Command, name: string, text: string): void {
  if (text.trim() === '') command.error(`error: ${name} is empty`);
  if (text.startsWith('--')) command.error(`error: ${name} has no value, but an option after it`);
  if (text.length > charactersMax) command.error(`error: ${name} is longer than ${charactersMax} characters`);
  if (/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(text)) {
    command.error(`error: ${name} holds characters that cannot be printed: ${text.slice(0, 80)}`);
  }
}
