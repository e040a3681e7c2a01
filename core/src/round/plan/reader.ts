import { FederatedError } from '../../errors.js';
import type { LinedJson } from './json-lines.js';

/**
 * Reads a document field by field. Every complaint names the field, its line when there is one, what was required,
 * what was offered, and the fix.
 */
export class Reader {
  readonly #value: unknown;
  readonly #path: string;
  readonly #lines: ReadonlyMap<string, number>;

  constructor(document: LinedJson, path = '') {
    this.#value = document.value;
    this.#path = path;
    this.#lines = document.lines;
  }

  /** A member that must exist. */
  field(name: string): Reader {
    const member = this.optional(name);
    if (member !== undefined) return member;
    throw this.complaint(`${this.#inside(name)} is missing`, 'a value', 'nothing', `Add "${name}".`);
  }

  /** A member, or undefined. */
  optional(name: string): Reader | undefined {
    const value = this.#object()[name];
    return value === undefined ? undefined : this.#child(value, this.#inside(name));
  }

  /** The members of an array of `min` to `max` items. */
  items(min: number, max: number): Reader[] {
    const value = this.#value;
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      throw this.#wrong(`a list of ${min} to ${max} items`);
    }
    return value.map((item, i) => this.#child(item, `${this.#path}[${i}]`));
  }

  /** Refuse members that are not in `names`: an unread field would be approved and not obeyed. @param of what they would be fields of. */
  only(names: readonly string[], of = 'a plan'): void {
    for (const name of Object.keys(this.#object())) {
      if (names.includes(name)) continue;
      throw this.#child(0, this.#inside(name)).complaint(
        `${this.#inside(name)} is not a field of ${of}`,
        names.join(', '),
        name.slice(0, 80),
        'Remove it, or correct its name.',
      );
    }
  }

  integer(min: number, max: number): number {
    const value = this.#value;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw this.#wrong(`a whole number from ${min} to ${max}`);
  }

  number(min: number, max: number): number {
    const value = this.#value;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw this.#wrong(`a number from ${min} to ${max}`);
  }

  /** A finite number above 0. */
  positive(): number {
    const value = this.#value;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.#wrong('a number above 0');
  }

  text(options: { readonly max: number; readonly pattern?: RegExp; readonly what?: string }): string {
    const value = this.#value;
    const { max, pattern, what } = options;
    if (typeof value === 'string' && value.length > 0 && value.length <= max && (pattern?.test(value) ?? true))
      return value;
    throw this.#wrong(what ?? `text of 1 to ${max} characters`);
  }

  choice<T extends string | number>(choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.#value);
    if (found !== undefined) return found;
    throw this.#wrong(choices.map((choice) => JSON.stringify(choice)).join(' or '));
  }

  /** The raw value, for a check that this class does not know. */
  get raw(): unknown {
    return this.#value;
  }

  /** `refused` under this field's path as the rule. */
  refusal(message: string, required: string | number, offered: string | number, fix: string): FederatedError {
    return this.#error('refused', message, required, offered, fix);
  }

  /** `invalid-argument` about this field. */
  complaint(message: string, required: string | number, offered: string | number, fix: string): FederatedError {
    return this.#error('invalid-argument', message, required, offered, fix);
  }

  #error(
    code: 'refused' | 'invalid-argument',
    message: string,
    required: string | number,
    offered: string | number,
    fix: string,
  ): FederatedError {
    const line = this.#lines.get(this.#path);
    return new FederatedError(code, line === undefined ? message : `line ${line}: ${message}`, {
      detail: { rule: this.#path, required, offered, ...(line === undefined ? {} : { line }) },
      fix,
    });
  }

  #wrong(required: string): FederatedError {
    const offered = JSON.stringify(this.#value)?.slice(0, 80) ?? 'nothing';
    return this.complaint(
      `${this.#path} must be ${required}, not ${offered}`,
      required,
      offered,
      `Set ${this.#path} to ${required}.`,
    );
  }

  #object(): Record<string, unknown> {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong('an object');
    return value as Record<string, unknown>;
  }

  #inside(name: string): string {
    return this.#path === '' ? name.slice(0, 80) : `${this.#path}.${name.slice(0, 80)}`;
  }

  #child(value: unknown, path: string): Reader {
    return new Reader({ value, lines: this.#lines }, path);
  }
}
