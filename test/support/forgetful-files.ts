import { constants } from 'node:fs';
import { dirname } from 'node:path';
import type { Files, OpenFile } from '@concordat/node';

/** The power is cut: this and every later call of the same life fails. */
export class PowerCut extends Error {}

type Change =
  | { readonly type: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly length: number };

/** What is in a file: on the disk, and as it looks from above until the power is cut. */
interface Content {
  durable: Uint8Array;
  seen: Uint8Array;
  /** Since the last sync. */
  changes: Change[];
}

type Rename = { readonly name: string; readonly content: Content | undefined };

/** A directory: its names on the disk, and what changed since. */
interface Names {
  readonly durable: Map<string, Content>;
  readonly seen: Map<string, Content>;
  changes: Rename[][];
}

/** Draws a whole number from 0 to below - 1. */
export type Draw = (below: number) => number;

const sectorBytes = 512;

/**
 * Files in memory that forget what was not synced. When the power is cut, each change since the last sync of its file is kept, lost or
 * torn at a sector, whatever became of those before it; of a directory, the changes since its last sync are kept up to one of them.
 */
export class ForgetfulFiles implements Files {
  readonly #draw: Draw;
  readonly #directories = new Map<string, Names>();
  #callsLeft = Number.POSITIVE_INFINITY;
  #life = 0;
  /** Calls so far: where power can be cut. */
  calls = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** Cut the power in the call that comes after so many. */
  cutAfter(calls: number): void {
    this.#callsLeft = calls;
  }

  /** What a process finds that starts when the power is back. */
  powerBack(): void {
    for (const names of this.#directories.values()) {
      for (const change of names.changes.splice(0, this.#draw(names.changes.length + 1))) apply(names.durable, change);
      names.changes = [];
      names.seen.clear();
      for (const [name, content] of names.durable) names.seen.set(name, content);
    }
    const contents = new Set([...this.#directories.values()].flatMap(({ durable }) => [...durable.values()]));
    for (const content of contents) this.#forget(content);
    this.#callsLeft = Number.POSITIVE_INFINITY;
    this.#life += 1;
  }

  async open(path: string, flags: string | number): Promise<OpenFile> {
    this.#call();
    const life = this.#life;
    const { seen, changes } = this.#names(path);
    let content = seen.get(path);
    const creates = flags === 'w' || flags === 'wx' || (typeof flags === 'number' && (flags & constants.O_CREAT) !== 0);
    if (content !== undefined && flags === 'wx') throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    if (content === undefined) {
      if (!creates) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      content = { durable: new Uint8Array(0), seen: new Uint8Array(0), changes: [] };
      seen.set(path, content);
      changes.push([{ name: path, content }]);
    } else if (flags === 'w') change(content, { type: 'truncate', length: 0 });
    return this.#opened(content, life);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call();
    const names = this.#names(from);
    const content = names.seen.get(from);
    if (content === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    const both = [
      { name: from, content: undefined },
      { name: to, content },
    ];
    apply(names.seen, both);
    names.changes.push(both);
  }

  async remove(path: string): Promise<void> {
    this.#call();
    const names = this.#names(path);
    if (!names.seen.delete(path)) return;
    names.changes.push([{ name: path, content: undefined }]);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#call();
    const names = this.#directory(path);
    for (const change of names.changes) apply(names.durable, change);
    names.changes = [];
  }

  /** What is under a name; undefined without one. */
  read(path: string): Uint8Array | undefined {
    return this.#names(path).seen.get(path)?.seen;
  }

  #opened(content: Content, life: number): OpenFile {
    let at = 0;
    const call = () => {
      if (life !== this.#life) throw new PowerCut();
      this.#call();
    };
    const sync = async () => {
      call();
      content.durable = content.seen.slice();
      content.changes = [];
    };
    return {
      readAll: async () => {
        call();
        return content.seen.slice();
      },
      write: async (bytes, offset, length, position) => {
        // In the call in which the power is cut, something of it may have been done.
        const wanted = { type: 'write', at: position ?? at, bytes: bytes.slice(offset, offset + length) } as const;
        if (this.#callsLeft === 0 && life === this.#life) change(content, wanted);
        call();
        // Now and then a write takes only a part.
        const written = length > 1 && this.#draw(8) === 0 ? 1 + this.#draw(length - 1) : length;
        change(content, { ...wanted, bytes: wanted.bytes.subarray(0, written) });
        at = wanted.at + written;
        return written;
      },
      truncate: async (length) => {
        call();
        change(content, { type: 'truncate', length });
      },
      sync,
      datasync: sync,
      close: async () => {
        call();
      },
    };
  }

  #forget(content: Content): void {
    const kept = { durable: content.durable, seen: content.durable.slice(), changes: [] };
    for (const one of content.changes) {
      const fate = this.#draw(3);
      if (fate === 0) continue;
      if (fate === 1 || one.type === 'truncate') change(kept, one);
      else change(kept, { ...one, bytes: one.bytes.subarray(0, tornAt(this.#draw, one.bytes.length)) });
    }
    content.durable = kept.seen;
    content.seen = kept.seen.slice();
    content.changes = [];
  }

  #call(): void {
    this.calls += 1;
    if (this.#callsLeft <= 0) {
      this.#callsLeft = -1;
      throw new PowerCut();
    }
    this.#callsLeft -= 1;
  }

  #names(path: string): Names {
    return this.#directory(dirname(path));
  }

  #directory(path: string): Names {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const made = { durable: new Map<string, Content>(), seen: new Map<string, Content>(), changes: [] };
    this.#directories.set(path, made);
    return made;
  }
}

/** At a sector, or anywhere: sectors are no promise of every disk. */
function tornAt(draw: Draw, length: number): number {
  const at = draw(length + 1);
  return draw(2) === 0 ? at : at - (at % sectorBytes);
}

function change(content: Content, one: Change): void {
  content.changes.push(one);
  content.seen = changed(content.seen, one);
}

function changed(bytes: Uint8Array, one: Change): Uint8Array {
  const length = one.type === 'truncate' ? one.length : Math.max(bytes.length, one.at + one.bytes.length);
  const result = new Uint8Array(length);
  result.set(bytes.subarray(0, length));
  if (one.type === 'write') result.set(one.bytes, one.at);
  return result;
}

function apply(names: Map<string, Content>, renames: readonly Rename[]): void {
  for (const { name, content } of renames) {
    if (content === undefined) names.delete(name);
    else names.set(name, content);
  }
}
