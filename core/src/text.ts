import { bounds } from './wire/bounds.js';

/**
 * Text for a person: at most 1,024 characters, none that a terminal or a log would obey. Control characters, ANSI escapes,
 * direction overrides and lone surrogates become blanks.
 */
export function printable(text: string): string {
  return text.slice(0, bounds.textCharactersMax).replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, ' ');
}

/**
 * A reason that was put together of others, in the length that a participant takes.
 *
 * @returns the text; of a longer one its beginning, which says what happened, and its end, which says what to do.
 */
export function boundedReason(text: string): string {
  const max = bounds.textCharactersMax;
  if (text.length <= max) return text;
  const end = max / 4;
  return `${text.slice(0, max - end - 1)}…${text.slice(-end)}`.replace(/\p{Cs}/gu, ' ');
}
