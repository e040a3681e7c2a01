import { chmodSync } from 'node:fs';
import { FederatedError } from '@concordat/core';
import Libsql from 'libsql';

/**
 * Hold a directory for this process: an exclusive SQLite transaction on a file that contains nothing.
 * The operating system ends it with the process, so no stale lock outlives a crash. It is a file of its own because a database
 * connection keeps its locks after `close` until its statements are collected; a transaction ends when it is told to.
 *
 * @returns a function that lets go.
 * @throws `conflict` when another process, or another coordinator in this one, holds it.
 */
export function holdLock(path: string): () => void {
  const file = new Libsql(path, { timeout: 0 });
  try {
    file.exec('begin exclusive');
  } catch (cause) {
    file.close();
    throw new FederatedError('conflict', `another coordinator holds ${path}`, {
      fix: 'Stop the other coordinator, or start this one on its own directory.',
      cause,
    });
  }
  chmodSync(path, 0o600);
  return () => {
    file.exec('rollback');
    file.close();
  };
}
