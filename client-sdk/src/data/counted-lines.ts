import { Transform, type TransformCallback } from 'node:stream';
import { FederatedError } from '@concordat/core';

const [lineFeed, carriageReturn] = [0x0a, 0x0d];
const forgottenAtOnce = 4096;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * What stands before the parser of a CSV file: it passes bytes on, without a byte order mark, bounds the length of a line, and knows on
 * which line a byte is. The parser bounds the text of a record but not its cells, so a line of delimiters alone would be a list without
 * end; and it counts a line ending of two bytes within quotes twice.
 */
export class CountedLines extends Transform {
  readonly #path: string;
  readonly #lineBytesMax: number;
  /** Where line endings are that nobody has asked about yet: behind what the parser has given out, so a few chunks at most. */
  #endings: number[] = [];
  /** Of these, how many were asked about since. */
  #next = 0;
  /** Those that are forgotten. */
  #counted = 0;
  #passed = 0;
  #lineBegan = 0;
  #afterReturn = false;
  #atStart = true;

  constructor(path: string, lineBytesMax: number) {
    super();
    this.#path = path;
    this.#lineBytesMax = lineBytesMax;
  }

  /** Line endings among the first `bytes` bytes. Ask in rising order. */
  before(bytes: number): number {
    while (this.#next < this.#endings.length && this.#endings[this.#next]! < bytes) this.#next++;
    if (this.#next >= forgottenAtOnce) {
      this.#counted += this.#next;
      this.#endings = this.#endings.slice(this.#next);
      this.#next = 0;
    }
    return this.#counted + this.#next;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const marked = this.#atStart && chunk.subarray(0, 3).equals(byteOrderMark);
    this.#atStart = false;
    const bytes = marked ? chunk.subarray(3) : chunk;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      const place = this.#passed + i;
      // A carriage return ends a line unless a line feed follows, which then does.
      if (this.#afterReturn && byte !== lineFeed) this.#end(place - 1);
      if (byte === lineFeed) this.#end(place);
      this.#afterReturn = byte === carriageReturn;
      if (place - this.#lineBegan < this.#lineBytesMax) continue;
      done(this.#tooLong());
      return;
    }
    this.#passed += bytes.length;
    done(null, bytes);
  }

  #end(place: number): void {
    this.#endings.push(place);
    this.#lineBegan = place + 1;
  }

  #tooLong(): FederatedError {
    const where = `${this.#path}:${this.#counted + this.#endings.length + 1}`;
    const required = `a line of at most ${this.#lineBytesMax} bytes`;
    return new FederatedError('malformed', `${where}: required ${required}; offered a longer one`, {
      detail: { where, required, offered: 'a longer line' },
      fix: 'Correct the file, or delimiter and lineBytesMax under source in data.yaml.',
    });
  }
}
