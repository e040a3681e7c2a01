import { open, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';

/** Files of one kind. */
export interface DiskKind {
  readonly kind: 'records' | 'models' | 'documents' | 'masked vectors' | 'sums' | 'unfinished' | 'keys and settings';
  readonly files: number;
  readonly bytes: number;
}

/** Vectors and sums of one round that are kept. */
export interface RoundUse {
  readonly run: string;
  readonly round: number;
  readonly bytes: number;
}

/** What lies on the disk of a coordinator; records in PostgreSQL are not counted. */
export interface DiskUse {
  readonly kinds: readonly DiskKind[];
  readonly bytes: number;
  /** Oldest first within a run. */
  readonly rounds: readonly RoundUse[];
  /** Of the file system that models and vectors are on, for its owner. */
  readonly freeBytes: number;
}

const kinds: readonly DiskKind['kind'][] = [
  'records',
  'models',
  'documents',
  'masked vectors',
  'sums',
  'unfinished',
  'keys and settings',
];

/**
 * Add up what lies below `coordinator/`, while one runs on it or not: files are looked at, nothing is locked.
 *
 * @param directory the consortium's.
 * @param shared where models and vectors lie, if all coordinators of a database share them.
 * @throws `invalid-argument` when there is no coordinator's directory in it.
 */
export async function diskUse(directory: string, shared?: string): Promise<DiskUse> {
  const root = consortiumPath(directory, 'coordinator');
  const stores = [
    consortiumPath(directory, consortiumFiles.coordinator.store),
    ...(shared === undefined ? [] : [shared]),
  ];
  await requireFounded(directory);
  // A directory of blobs may lie below the coordinator's own.
  const paths = new Set([...(await filesBelow(root)), ...(shared === undefined ? [] : await filesBelow(shared))]);
  const totals = new Map(kinds.map((kind) => [kind, { files: 0, bytes: 0 }]));
  const rounds = new Map<string, RoundUse>();
  for (const path of paths) {
    // A round that ends meanwhile takes its files away.
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    const bytes = found.size;
    const store = stores.find((one) => path.startsWith(`${one}/`));
    const inStore = store === undefined ? undefined : path.slice(store.length + 1);
    const kind = await kindOf(path, inStore);
    const total = totals.get(kind)!;
    total.files += 1;
    total.bytes += bytes;
    const [top, run, round] = inStore?.split('/') ?? [];
    if (top !== 'spool' || run === undefined || round === undefined) continue;
    const before = rounds.get(`${run}/${round}`)?.bytes ?? 0;
    rounds.set(`${run}/${round}`, { run, round: Number(round), bytes: before + bytes });
  }
  const { bavail, bsize } = await statfs(shared ?? root);
  const listed = kinds.map((kind) => ({ kind, ...totals.get(kind)! }));
  return {
    kinds: listed,
    bytes: listed.reduce((sum, { bytes }) => sum + bytes, 0),
    rounds: [...rounds.values()].sort((a, b) => a.run.localeCompare(b.run) || a.round - b.round),
    freeBytes: bavail * bsize,
  };
}

/** Any directory may have one called `coordinator` in it. */
async function requireFounded(directory: string): Promise<void> {
  const path = consortiumPath(directory, 'coordinator');
  await stat(consortiumPath(directory, consortiumFiles.coordinator.facts)).catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `${path} cannot be read`, {
      detail: { path },
      fix: 'Name the directory that `concordat coordinator init` made, with --directory, on the machine of the coordinator.',
      cause,
    });
  });
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.map((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [path] : [];
    }),
  );
  return below.flat();
}

async function kindOf(path: string, inStore: string | undefined): Promise<DiskKind['kind']> {
  if (inStore === undefined) return 'keys and settings';
  if (/\.(part|tmp)$/.test(inStore)) return 'unfinished';
  if (inStore.startsWith('spool/')) return inStore.endsWith('.sum') ? 'sums' : 'masked vectors';
  if (!inStore.startsWith('blobs/')) return 'records';
  if (!/^blobs\/[0-9a-f]{64}$/.test(inStore)) return 'unfinished';
  return (await isSafetensors(path)) ? 'models' : 'documents';
}

/** A safetensors file begins with the length of its head, little-endian in 8 bytes, and the head with a brace. */
async function isSafetensors(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(9), 0, 9, 0);
    return bytesRead === 9 && buffer[8] === 0x7b && buffer[7] === 0 && buffer[6] === 0;
  } finally {
    await file.close();
  }
}
