import { createTarGzip } from 'nanotar';
import type { RoundStory } from '../explain/round-story.js';
import type { DiskUse } from '../size/disk-use.js';
import type { CoordinatorStatus } from '../status.js';
import type { EventHead } from '../store/journal-reader.js';
import { requireNoSecret } from './known-secrets.js';
import { redacted } from './redact.js';

/** Where each part of a bundle comes from. One that throws is left out, with its reason in its place. */
export interface BundleParts {
  readonly about: () => object;
  readonly settings: () => Promise<object>;
  readonly status: () => Promise<CoordinatorStatus | object>;
  readonly rounds: () => Promise<readonly RoundStory[]>;
  readonly journal: () => Promise<readonly EventHead[]>;
  readonly size: () => Promise<DiskUse>;
  readonly metrics: () => Promise<string>;
  readonly log: () => Promise<string>;
}

/** One file of the archive. */
export interface BundleFile {
  readonly name: string;
  /** What is in it, for whoever decides whether to send it. */
  readonly what: string;
  readonly text: string;
}

const contents: readonly { readonly part: keyof BundleParts; readonly name: string; readonly what: string }[] = [
  {
    part: 'about',
    name: 'about.json',
    what: 'versions of the software, of Node and of the system, and when this was made',
  },
  {
    part: 'settings',
    name: 'settings.json',
    what: 'every setting in force and where it comes from; no setting is a secret',
  },
  {
    part: 'status',
    name: 'status.json',
    what: 'what `coordinator status --json` prints: participants, runs, releases',
  },
  { part: 'rounds', name: 'rounds.json', what: 'what `coordinator explain --json` prints of the last rounds' },
  {
    part: 'journal',
    name: 'journal.json',
    what: 'the last events of the journal: number, time, run, round, kind; not what is in them',
  },
  { part: 'size', name: 'size.json', what: 'what `coordinator size --json` prints: bytes on the disk by kind' },
  { part: 'metrics', name: 'metrics.txt', what: 'one answer of /metrics' },
  {
    part: 'log',
    name: 'log.txt',
    what: 'the last lines of the log file that was named, with everything taken out that could be a key',
  },
];

/**
 * Gather the parts. Every text is redacted whatever it is made of, and then looked at again for the secrets of this machine.
 *
 * @param secrets that none of them may hold.
 * @throws `internal` when one would.
 */
export async function bundleFiles(parts: BundleParts, secrets: readonly string[]): Promise<BundleFile[]> {
  const files: BundleFile[] = [];
  for (const { part, name, what } of contents) {
    const text = redacted(await partText(parts[part]));
    requireNoSecret(secrets, name, text);
    files.push({ name, what, text });
  }
  return files;
}

/** The files with a list of them in front, as tar in gzip. */
export async function bundleArchive(files: readonly BundleFile[], madeMillis: number): Promise<Uint8Array> {
  const list = ['What is in this archive:', '', ...files.map(({ name, what }) => `${name}: ${what}`), ''].join('\n');
  const all = [{ name: 'CONTENTS.txt', text: list }, ...files];
  return createTarGzip(
    all.map(({ name, text }) => ({ name: `concordat-bundle/${name}`, data: text })),
    { attrs: { mode: '600', mtime: madeMillis, uid: 0, gid: 0 } },
  );
}

async function partText(part: () => unknown): Promise<string> {
  try {
    const value = await part();
    return typeof value === 'string' ? value : `${JSON.stringify(value, undefined, 2)}\n`;
  } catch (error) {
    return `not here: ${error instanceof Error ? error.message : String(error)}\n`;
  }
}
