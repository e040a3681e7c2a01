import { failpointPlaces } from '@concordat/node';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { coordinatorWrites } from '../store/durable-writes.js';
import type { CommandIo } from './io.js';

/** `coordinator failpoints`: where a test can end the process. See docs/decisions/0013-failpoints-in-production-code.md. */
export function addFailpointsCommand(group: Command, io: CommandIo): void {
  group
    .command('failpoints')
    .description('Both sides of every durable write, by name: where a test can end the process.')
    .option('--json', 'print one envelope')
    .action((flags: { readonly json?: true }) =>
      conclude(io, flags.json === true, () => {
        const failpoints = failpointPlaces(coordinatorWrites);
        return { data: { failpoints }, lines: failpoints.map(({ failpoint, where }) => `${failpoint}  ${where}`) };
      }),
    );
}
