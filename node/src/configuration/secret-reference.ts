import { FederatedError } from '@concordat/core';
import { readSecretFile } from '../durable/secret-file.js';
import type { Environment } from './environment-variables.js';

/** `file:PATH` or `env:NAME`: where a secret is. */
export const secretReferencePattern = /^(file:[^\0]{1,4096}|env:[A-Z_][A-Z0-9_]{0,100})$/;

/**
 * The secret that a setting refers to, without a line break at its end.
 *
 * @param reference of the pattern above; a path is absolute.
 * @throws `invalid-argument` when it is not there or empty; `permission` for a file that others can read. The secret is in no message.
 */
export async function readSecretReference(reference: string, environment: Environment): Promise<string> {
  const name = reference.slice(reference.indexOf(':') + 1);
  const found = reference.startsWith('env:')
    ? environment[name]
    : new TextDecoder().decode(await readSecretFile(name)).replace(/\r?\n$/, '');
  if (found !== undefined && found !== '') return found;
  throw new FederatedError('invalid-argument', `there is no secret in ${reference}`, {
    detail: { required: 'a secret', offered: found === undefined ? 'nothing' : 'an empty one' },
    fix: 'Write it there, or correct the reference.',
  });
}
