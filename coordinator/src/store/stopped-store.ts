import { existsSync } from 'node:fs';
import { FederatedError } from '@concordat/core';
import type { Environment } from '@concordat/node';
import { resolveConfiguration } from '../configuration.js';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';
import { openStore, type Store } from './store.js';

/**
 * Read the store of a coordinator that does not run. Nothing is made where there is none.
 *
 * @param directory the consortium's, or a copy of it. @param environment with what it says of the store.
 * @throws `invalid-argument` without a store, or when its records are in a database, which only a coordinator that leads may read; `conflict` while a coordinator runs on it; `verification` when its journal was altered.
 */
export async function withStoppedStore<T>(
  { directory, environment }: { readonly directory: string; readonly environment: Environment },
  read: (store: Store) => Promise<T>,
): Promise<T> {
  const { values } = await resolveConfiguration({ flags: { directory }, environment });
  if (values.store !== undefined) {
    throw new FederatedError('invalid-argument', 'the records of this coordinator are in a database', {
      fix: 'Start a coordinator and ask it: only one that leads reads them.',
    });
  }
  const path = consortiumPath(directory, consortiumFiles.coordinator.store);
  if (!existsSync(path)) {
    throw new FederatedError('invalid-argument', `there is no store of a coordinator at ${path}`, {
      detail: { path },
      fix: 'Name the directory that `concordat coordinator init` made, or a copy of it, with --directory.',
    });
  }
  const store = await openStore(path, Date.now);
  try {
    return await read(store);
  } finally {
    await store.close();
  }
}
