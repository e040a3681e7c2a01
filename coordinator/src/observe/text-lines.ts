import { printable } from '@concordat/core';

const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info ',
  40: 'warn ',
  50: 'error',
  60: 'fatal',
};

/**
 * A log line for people: "2026-03-01T12:30:07.123Z info  a model is published  run=spring round=2". A stack follows on lines of its own.
 *
 * @param line one JSON object, as pino writes it. @returns it as text, with its line break; nothing in it is obeyed by a terminal.
 */
export function textLine(line: string): string {
  const { level, time, msg = '', err, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  const failure = err as { readonly message?: string; readonly stack?: string } | undefined;
  if (failure?.message !== undefined) shown.push(`error=${valueText(failure.message)}`);
  const head = [new Date(Number(time)).toISOString(), levels[Number(level)] ?? String(level), printable(String(msg))];
  const stack = String(failure?.stack ?? '')
    .split('\n')
    .slice(1)
    .map((frame) => `\n    ${printable(frame.trim())}`);
  return `${head.join(' ')}${shown.length === 0 ? '' : `  ${shown.join(' ')}`}${stack.join('')}\n`;
}

/** Words stay plain; everything else is JSON. */
function valueText(value: unknown): string {
  const text = printable(typeof value === 'string' ? value : JSON.stringify(value));
  return typeof value === 'string' && !/^[\w.:/+-]+$/.test(text) ? JSON.stringify(text) : text;
}
