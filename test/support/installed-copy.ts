import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repository } from './test-titles.js';

/** Our own packages that train, and what a program of theirs reads beside its own code. */
const own: Readonly<Record<string, readonly string[]>> = {
  core: ['dist'],
  node: ['dist'],
  proto: ['dist', 'concordat'],
  'client-sdk': ['dist', 'schema'],
};

/**
 * A project in which the packages are installed as a registry would give them: ours as copies, since Node looks for what they import
 * beside where they really are, everybody else's as links. So one of those can be left out, or be another.
 */
export class InstalledCopy {
  readonly directory = mkdtempSync(join(tmpdir(), 'concordat-installed-'));

  /** @param without packages that are not installed, e.g. `onnxruntime-node`. */
  constructor(without: readonly string[]) {
    const modules = join(repository, 'node_modules');
    const names = readdirSync(modules).flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
    );
    for (const name of names) {
      if (without.includes(name) || /^@concordat\/|^concordat$|^\./.test(name)) continue;
      mkdirSync(dirname(this.#at(name)), { recursive: true });
      symlinkSync(join(modules, name), this.#at(name));
    }
    for (const [name, parts] of Object.entries(own)) {
      for (const part of [...parts, 'package.json']) {
        const filter = (path: string): boolean => !/\.(map|d\.ts|tsbuildinfo)$/.test(path);
        cpSync(join(repository, name, part), join(this.#at(`@concordat/${name}`), part), { recursive: true, filter });
      }
    }
  }

  /** Until it is removed again: the package as it is in the repository, but for what `keep` leaves out. */
  copyOf(name: string, keep: (path: string) => boolean): void {
    cpSync(join(repository, 'node_modules', name), this.#at(name), { recursive: true, filter: keep });
  }

  /** Until it is removed again: another package of this name, one file of CommonJS. */
  write(name: string, code: string): void {
    mkdirSync(this.#at(name));
    writeFileSync(join(this.#at(name), 'index.js'), code);
  }

  remove(name: string): void {
    rmSync(this.#at(name), { recursive: true, force: true });
  }

  close(): void {
    rmSync(this.directory, { recursive: true });
  }

  #at(name: string): string {
    return join(this.directory, 'node_modules', name);
  }
}
