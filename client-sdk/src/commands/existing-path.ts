import { statSync } from 'node:fs';
import { FederatedError } from '@concordat/core';

/**
 * Refuse an option that names what is not there, before anything is opened: a wrong path is a wrong argument.
 *
 * @throws `invalid-argument` naming option and path.
 */
export function requireExisting(option: string, path: string, kind: 'directory' | 'file'): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (kind === 'directory' ? found?.isDirectory() === true : found?.isFile() === true) return;
  throw new FederatedError('invalid-argument', `${option} ${path} is not a ${kind}`, {
    detail: { path },
    fix: `Name a ${kind} that exists.`,
  });
}
