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
  settings: Pick<CoordinatorSettings, 'directory' | 'holdout' | 'store' | 'storePassword' | 'storeAuthority' | 'blobs'>,
  path: string,
): ReferencedFile[] {
  const { directory, holdout } = settings;
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
    ...storeFiles(settings),
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

function storeFiles({
  directory,
  store,
  storePassword,
  storeAuthority,
  blobs,
}: Pick<CoordinatorSettings, 'directory' | 'store' | 'storePassword' | 'storeAuthority' | 'blobs'>): ReferencedFile[] {
  const own = consortiumPath(directory, consortiumFiles.coordinator.store);
  const fix = 'Restore it from a copy, or name the directory that `concordat coordinator init` made.';
  const shared = {
    path: blobs ?? own,
    holds: 'directory',
    setting: blobs === undefined ? 'store' : 'blobs',
    fix,
  } as const;
  if (store === undefined) return [shared];
  const password = storePassword?.startsWith('file:') === true ? storePassword.slice('file:'.length) : undefined;
  const at = (path: string | undefined, setting: string, holds: ReferencedFile['holds']): ReferencedFile[] =>
    path === undefined ? [] : [{ path, holds, setting, fix: `Write the file, or correct ${setting}.` }];
  return [
    // It is made at the first start.
    { ...shared, severity: 'warning' },
    ...at(password, 'storePassword', 'secret'),
    ...at(storeAuthority, 'storeAuthority', 'public'),
  ];
}
