import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns the path of libfaketime; undefined where it is not installed. */
export function faketimeLibrary(): string | undefined {
  const below = (directory: string) => join(directory, 'faketime', 'libfaketime.so.1');
  const machines = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((machine) => join('/usr/lib', machine)) : [];
  return [...machines, '/usr/lib', '/usr/local/lib'].map(below).find((path) => existsSync(path));
}

/** The wall clock of processes, as a test sets it: also of their TLS. Monotonic time goes on as it is. */
export class FakedTime {
  readonly #directory = mkdtempSync(join(tmpdir(), 'concordat-time-'));
  readonly #library: string;

  /** @param library of {@link faketimeLibrary}. */
  constructor(library: string) {
    this.#library = library;
    this.set(0);
  }

  /** Before a command that is to live by this clock. */
  get under(): readonly string[] {
    return [
      'env',
      `LD_PRELOAD=${this.#library}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ];
  }

  /** From now on the clock is wrong by so much: it jumps, in processes that run too. */
  set(aheadMillis: number): void {
    writeFileSync(this.#file, `${aheadMillis < 0 ? '' : '+'}${aheadMillis / 1000}s\n`);
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#directory, 'time');
  }
}

/** A suite that needs libfaketime; where that is not installed it is skipped, and says so. */
export function describeFakedTime(title: string, body: (this: Mocha.Suite) => void): void {
  if (faketimeLibrary() !== undefined) {
    describe(title, body);
    return;
  }
  process.stderr.write(`\n!! SKIPPED, since libfaketime is not installed: ${title}\n`);
  describe.skip(title, body);
}
