import { configurationError, resolveSettings } from '@concordat/node';
import { directorySettings } from '../configuration/settings.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';

/**
 * The participant directory that a command was told.
 *
 * @param command its words, e.g. `egress report`. @throws `invalid-argument` when there is none.
 */
export function directoryOf(flags: Readonly<Record<string, unknown>>, io: CommandIo, command: string): string {
  const { values, problems } = resolveSettings(directorySettings, { flags, environment: io.environment });
  if (problems.length > 0) throw configurationError(problems, `concordat participant ${command} --help`);
  requireExisting('--directory', values.directory, 'directory');
  return values.directory;
}
