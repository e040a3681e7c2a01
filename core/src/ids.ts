import { FederatedError } from './errors.js';
import { bounds } from './wire/bounds.js';

const pattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Whether `text` may name a participant, operator, consortium or run: `^[a-z0-9][a-z0-9-]{0,62}$`. */
export function isId(text: string): boolean {
  return text.length <= bounds.idCharactersMax && pattern.test(text);
}

/**
 * The id itself, checked. An id becomes part of file names, certificates and log lines, so nothing else passes.
 *
 * @param what noun for the message, e.g. `participant id`.
 * @throws `invalid-argument` otherwise, quoting at most 80 characters of what was offered, escaped.
 */
export function requireId(text: string, what: string): string {
  if (isId(text)) return text;
  throw new FederatedError('invalid-argument', `${what} ${JSON.stringify(text.slice(0, 80))} is not an id`, {
    detail: { required: pattern.source, characters: text.length },
    fix: 'Use 1 to 63 of a–z, 0–9 and hyphen, not starting with a hyphen.',
  });
}
