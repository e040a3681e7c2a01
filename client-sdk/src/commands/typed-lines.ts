import { FederatedError } from '@concordat/core';
import type { CommandIo } from './io.js';

const charactersMax = 2_048;

/** Lines that a person types, or that are piped in, one after another. Close it: a terminal is given back then. */
export class TypedLines {
  readonly #io: Pick<CommandIo, 'stdin' | 'stderr'>;
  readonly #pieces: AsyncIterator<Uint8Array | string> | undefined;
  #pending = '';
  #isOver = false;

  constructor(io: Pick<CommandIo, 'stdin' | 'stderr'>) {
    this.#io = io;
    this.#pieces = io.stdin?.[Symbol.asyncIterator]();
  }

  /** Whether a person can be asked. */
  get isTerminal(): boolean {
    return this.#io.stdin?.isTTY === true;
  }

  /**
   * Ask, on stderr where a person is there, and take the next line.
   *
   * @param options.hidden nothing of it is shown.
   * @throws `invalid-argument` when there is none, or more than 2,048 characters; what was typed is in no message.
   */
  async ask(question: string, { hidden = false } = {}): Promise<string> {
    if (this.isTerminal) this.#io.stderr.write(question);
    const isRaw = hidden && this.isTerminal;
    if (isRaw) this.#io.stdin?.setRawMode?.(true);
    try {
      return isRaw ? edited(await this.#line()) : await this.#line();
    } finally {
      if (isRaw) this.#io.stdin?.setRawMode?.(false);
      if (isRaw) this.#io.stderr.write('\n');
    }
  }

  async close(): Promise<void> {
    await this.#pieces?.return?.();
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = /\r\n|\r|\n/.exec(this.#pending);
      if (end !== null) {
        const line = this.#pending.slice(0, end.index);
        this.#pending = this.#pending.slice(end.index + end[0].length);
        return line;
      }
      if (this.#pending.length > charactersMax) throw unusable('is too long');
      // Raw terminals hand over Ctrl-C and Ctrl-D as characters.
      if (this.#pending.includes('\u0003') || this.#pending.includes('\u0004')) throw unusable('was broken off');
      if (this.#isOver) {
        if (this.#pending === '') throw unusable('is missing');
        const line = this.#pending;
        this.#pending = '';
        return line;
      }
      const next = await this.#pieces?.next();
      if (next === undefined || next.done === true) this.#isOver = true;
      else this.#pending += Buffer.from(next.value).toString('utf8');
    }
  }
}

/** What is left of keys that were pressed, with the backspaces among them. */
function edited(keys: string): string {
  const kept: string[] = [];
  for (const key of keys) {
    if (key === '\u007f' || key === '\b') kept.pop();
    else kept.push(key);
  }
  return kept.join('');
}

function unusable(why: string): FederatedError {
  return new FederatedError('invalid-argument', `what was to be typed or piped in ${why}`, {
    detail: { required: `one line of at most ${charactersMax} characters` },
    fix: 'Type it again, pipe it in, or name a file with it.',
  });
}
