import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import { syncDirectory, systemClock } from '@concordat/node';
import type { Transaction } from 'kysely';
import type { CoordinatorConfiguration } from '../configuration.js';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';
import type { Database, Tables } from '../store/database.js';
import { connectPostgres, type PostgresLocation } from '../store/postgres/connection.js';
import { prepareLease, takeLease } from '../store/postgres/lease.js';
import { openPostgresDatabase } from '../store/postgres/postgres-database.js';
import { leaveOneFile, openSqliteDatabase } from '../store/sqlite-database.js';
import { type CopyManifest, copyBlobs, copyDurably, copyFiles } from './backup.js';
import { copyRows } from './copy-rows.js';

export interface RestoreOptions {
  /** A copy. */
  readonly from: string;
  /** The consortium's directory; keys and configuration are put there unless it has them. */
  readonly directory: string;
  /** Asked for when keys and configuration are there. */
  readonly configuration: () => Promise<Pick<CoordinatorConfiguration, 'store' | 'blobs' | 'address'>>;
}

/**
 * Put a copy where a coordinator can begin again: into a file, or into an empty PostgreSQL database, whichever it was made of. The store
 * remembers that it is a copy: it is started with `--new-incarnation` once, since participants may have seen more than it holds.
 *
 * @throws `invalid-argument` for what is no copy; `conflict` when a store is there already.
 */
export async function restore({ from, directory, configuration }: RestoreOptions): Promise<CopyManifest> {
  const manifest = await readManifest(from);
  await restoreKeys(join(from, copyFiles.keys), join(directory, 'coordinator'));
  const { store, blobs, address } = await configuration();
  const own = consortiumPath(directory, consortiumFiles.coordinator.store);
  const shared = blobs ?? own;
  const database = join(from, copyFiles.database);
  if (store === undefined && existsSync(join(own, 'coordinator.db'))) throw occupied(own);
  await mkdir(join(shared, 'blobs'), { recursive: true, mode: 0o700 });
  await copyBlobs(join(from, copyFiles.blobs), join(shared, 'blobs'));
  if (store === undefined) await restoreFile(database, own);
  else await restoreIntoPostgres(database, store, address);
  return manifest;
}

async function restoreFile(database: string, store: string): Promise<void> {
  const temporary = join(store, 'restored.db');
  await rm(temporary, { force: true });
  await copyDurably(database, temporary);
  await chmod(temporary, 0o600);
  const copy = await openSqliteDatabase(temporary);
  try {
    await copy.transaction(markRestored);
    await leaveOneFile(copy);
  } finally {
    await copy.close();
  }
  await rename(temporary, join(store, 'coordinator.db'));
  await syncDirectory(store);
}

async function restoreIntoPostgres(database: string, location: PostgresLocation, address: string): Promise<void> {
  const connection = await connectPostgres(location);
  try {
    const [founded] = await connection.query<{ readonly exists: boolean }>(
      `select to_regclass('rosters') is not null as exists`,
    );
    if (founded?.exists === true) throw occupied(`the database ${location.database}`);
    await prepareLease(connection);
    const copy = await openDuplicate(database);
    try {
      // Epochs go on behind those of the copy.
      await connection.query('update concordat_lease set epoch = greatest(epoch, $1)', [copy.epoch]);
      const lease = await takeLease(connection, address, systemClock);
      if (lease === undefined) throw occupied(`the database ${location.database}`);
      try {
        const target = await openPostgresDatabase(connection, lease);
        await target.transaction(async (transaction) => {
          await copyRows(copy.rows, transaction);
          await markRestored(transaction);
        });
      } finally {
        await lease.release();
      }
    } finally {
      await copy.close();
    }
  } finally {
    await connection.close();
  }
}

/** Opening a store brings it up to date and logs beside it: a copy stays as it was made, on a disk that is read only too. */
async function openDuplicate(database: string): Promise<Database> {
  const directory = await mkdtemp(join(tmpdir(), 'concordat-restore-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const duplicate = join(directory, copyFiles.database);
    await copyDurably(database, duplicate);
    await chmod(duplicate, 0o600);
    const opened = await openSqliteDatabase(duplicate);
    return { ...opened, close: () => opened.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function markRestored(transaction: Transaction<Tables>): Promise<void> {
  await transaction.deleteFrom('restored').execute();
  const last = await transaction.selectFrom('events').select('seq').orderBy('seq', 'desc').executeTakeFirst();
  await transaction
    .insertInto('restored')
    .values({ seq: last?.seq ?? 0 })
    .execute();
}

async function restoreKeys(from: string, to: string): Promise<void> {
  const facts = 'consortium.json';
  if (existsSync(join(to, facts))) {
    const [here, there] = await Promise.all([readFile(join(to, facts), 'utf8'), readFile(join(from, facts), 'utf8')]);
    if (here === there) return;
    throw new FederatedError('conflict', `${to} is of another consortium than the copy`, {
      fix: 'Name a directory without a consortium, or the one that the copy was made of.',
    });
  }
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from)) await copyDurably(join(from, name), join(to, name));
  await syncDirectory(to);
}

async function readManifest(from: string): Promise<CopyManifest> {
  const path = join(from, copyFiles.manifest);
  try {
    const manifest = JSON.parse(await readFile(path, 'utf8')) as CopyManifest;
    if (manifest.schema === 'concordat/backup/1') return manifest;
  } catch {
    // Falls through: whatever it is, it is no copy.
  }
  throw new FederatedError('invalid-argument', `${from} is no copy of a coordinator that was finished`, {
    detail: { path },
    fix: 'Name a directory that `concordat coordinator backup` wrote to its end.',
  });
}

function occupied(where: string): FederatedError {
  return new FederatedError('conflict', `a store is in ${where} already`, {
    fix: 'Move it away, or name an empty place: nothing is ever overwritten.',
  });
}
