import { checkReferencedFile, type Problem, type ReferencedFile, unknownVariables } from '@concordat/node';
import { type CoordinatorSettings, type Overrides, resolveConfiguration } from './configuration.js';
import { consortiumFiles, consortiumPath } from './consortium-files.js';
import { readWebhooks } from './webhooks/webhooks-file.js';

/** What was looked at, and everything that is wrong with it. */
export interface CheckedConfiguration {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/** Check settings, environment, and the files a coordinator needs: there, and closed to strangers. Nothing is started. */
export async function checkConfiguration(overrides: Overrides): Promise<CheckedConfiguration> {
  const { values, path, problems, founded } = await resolveConfiguration(overrides);
  // Nothing was founded there: one problem, not one for every file.
  const files = founded ? referencedFiles(values, path) : [];
  const found = await Promise.all(files.map(checkReferencedFile));
  const { webhooks: file } = values;
  const webhooks = file === undefined ? [] : (await readWebhooks(file, overrides.environment ?? {})).problems;
  return {
    files: founded ? [path] : [],
    problems: [...problems, ...found.flat(), ...webhooks, ...unknownVariables(overrides.environment ?? {})],
  };
}

function referencedFiles(
  { directory, holdout }: Pick<CoordinatorSettings, 'directory' | 'holdout'>,
  path: string,
): ReferencedFile[] {
  const { coordinator } = consortiumFiles;
  const fix = 'Restore it from a copy, or name the directory that `concordat coordinator init` made.';
  const at = (file: string, holds: ReferencedFile['holds'], setting: string): ReferencedFile => ({
    path: consortiumPath(directory, file),
    holds,
    setting,
    fix,
  });
  return [
    { path, holds: 'public', setting: 'coordinator.yaml', fix },
    at(coordinator.authorityKey, 'secret', 'TLS authority key'),
    at(coordinator.tlsKey, 'secret', 'TLS key'),
    at(coordinator.rosterKey, 'secret', 'roster key'),
    at(coordinator.coordinatorKey, 'secret', 'coordinator key'),
    at(coordinator.authorityCertificate, 'public', 'TLS authority certificate'),
    at(coordinator.tlsCertificate, 'public', 'TLS certificate'),
    at(coordinator.rosterKeyCertificate, 'public', 'roster key certificate'),
    at(coordinator.facts, 'public', 'consortium facts'),
    at(coordinator.store, 'directory', 'store'),
    ...(holdout === undefined
      ? []
      : [
          {
            path: holdout,
            holds: 'directory',
            setting: 'holdout',
            fix: 'Name the directory of the test records.',
          } as const,
        ]),
  ];
}
