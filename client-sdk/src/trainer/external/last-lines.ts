import { printable } from '@concordat/core';

const bytesMax = 8_192;
const linesMax = 20;
const lineCharactersMax = 400;

/** The end of what a process prints, however much that is: at most 8 KiB are held. */
export class LastLines {
  #held = Buffer.alloc(0);

  take(bytes: Uint8Array): void {
    const tail = bytes.length > bytesMax ? bytes.subarray(bytes.length - bytesMax) : bytes;
    const joined = Buffer.concat([this.#held, tail]);
    this.#held = joined.length > bytesMax ? Buffer.from(joined.subarray(joined.length - bytesMax)) : joined;
  }

  /** At most 20 lines of 400 characters, without anything that a terminal would obey, the last at the end. */
  lines(): string[] {
    return this.#held
      .toString('utf8')
      .split(/\r\n|[\r\n]/)
      .map((line) => printable(line).trimEnd().slice(0, lineCharactersMax))
      .filter((line) => line !== '')
      .slice(-linesMax);
  }
}
