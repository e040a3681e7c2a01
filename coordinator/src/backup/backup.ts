import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import { syncDirectory, writeDurably } from '@concordat/node';
import { sql } from 'kysely';
import Libsql from 'libsql';
import type { CoordinatorConfiguration } from '../configuration.js';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';
import { connectPostgres } from '../store/postgres/connection.js';
import { leaveOneFile, openSqliteDatabase } from '../store/sqlite-database.js';
import { copyRows, secretTables } from './copy-rows.js';

/** Where things lie in a copy. */
export const copyFiles = { manifest: 'backup.json', database: 'coordinator.db', blobs: 'blobs', keys: 'keys' } as const;

/** What a copy is of. */
export interface CopyManifest {
  readonly schema: 'concordat/backup/1';
  /** The last event in it. */
  readonly events: number;
  readonly blobs: number;
  /** RFC 3339. */
  readonly made: string;
}

export interface BackupOptions {
  /** The consortium's directory. */
  readonly directory: string;
  readonly configuration: Pick<CoordinatorConfiguration, 'store' | 'blobs'>;
  /** Made when absent; must be empty. */
  readonly to: string;
  readonly wallMillis?: () => number;
}

/**
 * Copy everything a coordinator needs to begin again, also while it runs: the records as they are at one moment, in a SQLite file whichever
 * database holds them; then the blobs they name; keys and configuration. Secrets that were revealed in sessions, and masked vectors,
 * are not in it. The manifest comes last: a directory without one is no copy.
 *
 * @throws `invalid-argument` for a directory that is not empty or a consortium that is not there; `verification` for a damaged blob.
 */
export async function backUp(options: BackupOptions): Promise<CopyManifest> {
  const { directory, configuration, to, wallMillis = Date.now } = options;
  await requireEmpty(to);
  await mkdir(join(to, copyFiles.blobs), { recursive: true, mode: 0o700 });
  const own = consortiumPath(directory, consortiumFiles.coordinator.store);
  const database = join(to, copyFiles.database);
  if (configuration.store === undefined) snapshot(join(own, 'coordinator.db'), database);
  else await copyFromPostgres(configuration.store, database);
  const { events, named } = await cleaned(database);
  const blobs = await copyBlobs(join(configuration.blobs ?? own, 'blobs'), join(to, copyFiles.blobs));
  requireNamed(named, new Set(blobs));
  await copyKeys(join(directory, 'coordinator'), join(to, copyFiles.keys));
  const made = new Date(wallMillis()).toISOString();
  const manifest: CopyManifest = { schema: 'concordat/backup/1', events, blobs: blobs.length, made };
  await writeDurably(join(to, copyFiles.manifest), Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`));
  return manifest;
}

/** One moment of a database that others may be writing. */
function snapshot(path: string, to: string): void {
  const file = new Libsql(path, { timeout: 10_000 });
  try {
    file.exec(`vacuum into '${to.replaceAll("'", "''")}'`);
  } finally {
    file.close();
  }
}

async function copyFromPostgres(location: NonNullable<CoordinatorConfiguration['store']>, to: string): Promise<void> {
  const connection = await connectPostgres(location);
  const target = await openSqliteDatabase(to);
  try {
    const moment = connection.rows.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    await moment.execute((from) => target.transaction((transaction) => copyRows(from, transaction)));
    await leaveOneFile(target);
  } finally {
    await target.close();
    await connection.close();
  }
}

/** Take what is secret out, bytes and all. @returns the last event, and the blobs that events name, hex. */
async function cleaned(path: string): Promise<{ readonly events: number; readonly named: readonly string[] }> {
  const database = await openSqliteDatabase(path);
  try {
    await database.transaction(async (transaction) => {
      for (const table of secretTables) await transaction.deleteFrom(table).execute();
    });
    await sql`vacuum`.execute(database.rows);
    const last = await database.rows.selectFrom('events').select('seq').orderBy('seq', 'desc').executeTakeFirst();
    const named = await sql<{ readonly digest: ArrayBuffer }>`
      select distinct body_digest as digest from events where length(body) = 0`.execute(database.rows);
    await leaveOneFile(database);
    return { events: last?.seq ?? 0, named: named.rows.map(({ digest }) => Buffer.from(digest).toString('hex')) };
  } finally {
    await database.close();
  }
}

/** @returns digests of those copied, hex. */
export async function copyBlobs(from: string, to: string): Promise<string[]> {
  const names = (await readdir(from)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  for (const name of names) {
    await copyDurably(join(from, name), join(to, name));
    if ((await digestOf(join(to, name))) === name) continue;
    throw new FederatedError('verification', `the stored blob ${name} is damaged`, {
      fix: 'Restore it from an earlier copy, then make this one again.',
    });
  }
  await syncDirectory(to);
  return names;
}

function requireNamed(named: readonly string[], blobs: ReadonlySet<string>): void {
  const empty = createHash('sha256').digest('hex');
  const missing = named.find((name) => name !== empty && !blobs.has(name));
  if (missing === undefined) return;
  throw new FederatedError('verification', `the blob ${missing}, which an event names, is not there`, {
    fix: 'Check the disk of the coordinator and the setting `blobs`.',
  });
}

async function copyKeys(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (entry.isFile()) await copyDurably(join(from, entry.name), join(to, entry.name));
  }
  await syncDirectory(to);
}

/** With its rights. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}

async function requireEmpty(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await readdir(directory);
  if (found.length === 0) return;
  throw new FederatedError('invalid-argument', `${directory} is not empty`, {
    detail: { directory, found: found.slice(0, 8) },
    fix: 'Name a new or empty directory: nothing is ever overwritten.',
  });
}
