import { FederatedError } from '../../errors.js';

/** A parsed document and the line on which each of its fields begins, by dotted path (`cohort.min`, `metrics[0].name`). */
export interface LinedJson {
  readonly value: unknown;
  readonly lines: ReadonlyMap<string, number>;
}

const depthMax = 32;

/**
 * Parse JSON and remember lines, so that a person who wrote a plan by hand is told where to look.
 *
 * @param text at most a few hundred KiB; the caller bounds it.
 * @throws `malformed` with the line for anything that is not JSON, a repeated key, or nesting above 32.
 */
export function parseLinedJson(text: string): LinedJson {
  const scanner = new Scanner(text);
  const value = scanner.document();
  return { value, lines: scanner.lines };
}

class Scanner {
  readonly lines = new Map<string, number>();
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value('', 0);
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#error('text after the end of the document');
    return value;
  }

  #value(path: string, depth: number): unknown {
    this.#blanks();
    if (depth > depthMax) throw this.#error('nested too deeply');
    this.lines.set(path, this.#line);
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(path, depth);
    if (first === '[') return this.#array(path, depth);
    return this.#scalar();
  }

  #object(path: string, depth: number): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    this.#at++;
    this.#blanks();
    while (!this.#take('}')) {
      if (entries.size > 0) this.#expect(',');
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw this.#error('a key in double quotes was expected');
      const key = this.#scalar() as string;
      if (entries.has(key)) throw this.#error(`key ${JSON.stringify(key.slice(0, 80))} appears twice`);
      this.#blanks();
      this.#expect(':');
      entries.set(key, this.#value(path === '' ? key : `${path}.${key}`, depth + 1));
      this.#blanks();
    }
    return Object.fromEntries(entries);
  }

  #array(path: string, depth: number): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    this.#blanks();
    while (!this.#take(']')) {
      if (items.length > 0) this.#expect(',');
      items.push(this.#value(`${path}[${items.length}]`, depth + 1));
      this.#blanks();
    }
    return items;
  }

  #scalar(): unknown {
    const token = /"(?:[^"\\\n]|\\.)*"|[^\s,:[\]{}"]+/y;
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0];
    if (found === undefined) throw this.#error('a value was expected');
    try {
      const value: unknown = JSON.parse(found);
      this.#at += found.length;
      return value;
    } catch (cause) {
      throw this.#error(`${JSON.stringify(found.slice(0, 80))} is no JSON value`, cause);
    }
  }

  #blanks(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) {
      if (this.#text[this.#at] === '\n') this.#line++;
      this.#at++;
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#error(`${JSON.stringify(character)} was expected`);
  }

  #error(why: string, cause?: unknown): FederatedError {
    return new FederatedError('malformed', `line ${this.#line}: ${why}`, {
      detail: { line: this.#line },
      fix: 'Write the document as JSON.',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
