import { readFile } from 'node:fs/promises';
import { bounds, FederatedError } from '@concordat/core';

/** The text of a plan file. @throws `invalid-argument` when it cannot be read, or is too long for a plan. */
export async function readPlanFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `${path} cannot be read`, {
      detail: { path },
      fix: 'Name the plan file.',
      cause,
    });
  });
  if (bytes.byteLength <= bounds.planBytesMax) return bytes.toString('utf8');
  throw new FederatedError('invalid-argument', `${path} is too long for a plan`, {
    detail: { path, required: bounds.planBytesMax, offered: bytes.byteLength },
  });
}
