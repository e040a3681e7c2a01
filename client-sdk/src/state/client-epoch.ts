import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import { writeDurably } from '@concordat/node';

/**
 * The number of this start: one more than at the last, durable before it is used. The coordinator fences smaller ones, so
 * two clients of one participant cannot both act.
 *
 * @throws `state-lost` when the file holds something else than a number.
 */
export async function nextClientEpoch(directory: string): Promise<number> {
  const path = join(directory, 'client-epoch');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '0';
    throw error;
  });
  const last = /^\d{1,15}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(last)) {
    throw new FederatedError('state-lost', `${path} holds no number`, {
      fix: 'Restore the directory from what was lost last; a smaller number would be fenced.',
    });
  }
  await writeDurably(path, Buffer.from(`${last + 1}\n`));
  return last + 1;
}
