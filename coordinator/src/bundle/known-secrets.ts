import { readFile } from 'node:fs/promises';
import { FederatedError } from '@concordat/core';
import { readSecretReference } from '@concordat/node';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';

/** Shorter lines of a key file are in many texts. */
const charactersMin = 16;
const secretName = /SECRET|PASSW|TOKEN|KEY|DATABASE|POSTGRES|^PG/;

/**
 * The secrets of this machine that a bundle must not hold, as the texts they would be found by.
 *
 * @param references of secrets in the settings: `file:PATH` or `env:NAME`. One that cannot be read is no secret here.
 */
export async function knownSecrets(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
  references: readonly string[] = [],
): Promise<readonly string[]> {
  const { root, operator, coordinator } = consortiumFiles;
  const keys = [root.key, operator.key, operator.tlsKey, coordinator.authorityKey, coordinator.tlsKey];
  const paths = [...keys, coordinator.rosterKey, coordinator.coordinatorKey];
  const texts = await Promise.all(
    paths.map((path) => readFile(consortiumPath(directory, path), 'utf8').catch(() => '')),
  );
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => !line.startsWith('-----'));
  const values = Object.entries(environment).flatMap(([name, value]) =>
    secretName.test(name) && value !== undefined ? [value, ...passwordIn(value)] : [],
  );
  const named = await Promise.all(references.map((one) => readSecretReference(one, environment).catch(() => '')));
  // A path is not a secret, whatever names it.
  const secrets = [
    ...lines.filter((line) => line.length >= charactersMin),
    ...[...values, ...named].filter((one) => one.length >= 8),
  ];
  return secrets.filter((one) => !one.startsWith('/'));
}

/** @throws `internal` when a text holds a secret of this machine: nothing may be written then. */
export function requireNoSecret(secrets: readonly string[], name: string, text: string): void {
  if (!secrets.some((secret) => text.includes(secret))) return;
  throw new FederatedError('internal', `${name} would hold a secret of this machine`, {
    detail: { file: name },
    fix: 'Nothing was written. Report it with the name of the file.',
  });
}

function passwordIn(value: string): string[] {
  try {
    return [decodeURIComponent(new URL(value).password)];
  } catch {
    return [];
  }
}
