import { bounds } from './wire/bounds.js';

/**
 * Text for a person: at most 1,024 characters, none that a terminal or a log would obey. Control characters, ANSI escapes,
 * direction overrides and lone surrogates become blanks.
 */
export function printable(text: string): string {
  return text.slice(0, bounds.textCharactersMax).replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, ' ');
}
