import { existsSync } from 'node:fs';
import { FederatedError } from '@concordat/core';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';
import { openStore, type Store } from './store.js';

/**
 * Read the store of a coordinator that does not run. Nothing is made where there is none.
 *
 * @param directory the consortium's, or a copy of it.
 * @throws `invalid-argument` without a store; `conflict` while a coordinator runs on it; `verification` when its journal was altered.
 */
export async function withStoppedStore<T>(directory: string, read: (store: Store) => Promise<T>): Promise<T> {
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
