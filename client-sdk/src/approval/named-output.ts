import { dirname } from 'node:path';
import { FederatedError } from '@concordat/core';
import { writeDurably } from '@concordat/node';

/** What a file system says of a place that cannot be written to, and that another place cures. */
const placeCodes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'];

/**
 * Write a file that a person named, for everybody to read, durably. One that is there is replaced.
 *
 * @throws `invalid-argument` when it cannot be written there.
 */
export async function writeNamedOutput(path: string, text: string): Promise<void> {
  try {
    await writeDurably(path, Buffer.from(text), { mode: 0o644 });
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (!placeCodes.includes(code)) throw cause;
    throw new FederatedError('invalid-argument', `${path} cannot be written (${code})`, {
      detail: { path, required: `a directory ${dirname(path)} that can be written` },
      fix: 'Name a file in a directory of yours.',
      cause,
    });
  }
}
