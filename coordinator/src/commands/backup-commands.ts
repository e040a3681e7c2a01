import { resolve } from 'node:path';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { backUp } from '../backup/backup.js';
import { restore } from '../backup/restore.js';
import { configurationOf, coordinatorSettings, readSettings, storeSettings } from '../configuration.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface CopyFlags extends Readonly<Record<string, unknown>> {
  readonly directory?: string;
  readonly json?: boolean;
}

const settings = { directory: coordinatorSettings.directory, ...storeSettings };

/** `coordinator backup --to DIR` and `coordinator restore --from DIR`. */
export function addBackupCommands(group: Command, io: CommandIo): void {
  settingFlags(
    group
      .command('backup')
      .description(
        'Copy records, models, keys and configuration, also while the coordinator runs. The copy is secret.',
      ),
    settings,
  )
    .requiredOption('--to <directory>', 'new or empty')
    .option('--json', 'print one envelope')
    .action((flags: CopyFlags & { readonly to: string }) =>
      conclude(io, flags.json === true, async () => {
        const to = resolve(flags.to);
        const read = await readSettings({ flags, environment: io.environment });
        const made = await backUp({ directory: read.directory, configuration: configurationOf(read), to });
        const line = `Copied ${made.events} events and ${made.blobs} blobs to ${to}. Its keys are secret: whoever has them is the coordinator.`;
        return { data: { to, ...made }, lines: [line] };
      }),
    );
  settingFlags(
    group.command('restore').description('Put a copy where there is no store: into a file, or into an empty database.'),
    settings,
  )
    .requiredOption('--from <directory>', 'what `backup` wrote')
    .option('--json', 'print one envelope')
    .action((flags: CopyFlags & { readonly from: string }) =>
      conclude(io, flags.json === true, async () => {
        const from = resolve(flags.from);
        const { directory = '.' } = flags;
        const read = () => readSettings({ flags, environment: io.environment });
        const configuration = async () => configurationOf(await read());
        const made = await restore({ from, directory: resolve(directory), configuration });
        return {
          data: { from, ...made },
          lines: [
            `Restored ${made.events} events and ${made.blobs} blobs, as they were at ${made.made}.`,
            `Next, once: concordat coordinator start --new-incarnation --directory ${directory}`,
          ],
        };
      }),
    );
}
