import { FederatedError } from '@concordat/core';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { verifyStore } from '../run/verify-store.js';
import { withStoppedStore } from '../store/stopped-store.js';
import type { CommandIo } from './io.js';

interface VerifyStoreFlags {
  readonly directory: string;
  readonly json?: true;
}

/** `coordinator verify-store --directory DIRECTORY`. */
export function addVerifyStoreCommand(group: Command, io: CommandIo): void {
  group
    .command('verify-store')
    .description('Check the journal of a stopped coordinator, and that everything else it keeps follows from it.')
    .requiredOption('--directory <path>', 'the consortium’s directory, or a copy of it')
    .option('--json', 'print one envelope')
    .action((flags: VerifyStoreFlags) =>
      conclude(io, flags.json === true, () =>
        withStoppedStore({ directory: flags.directory, environment: io.environment }, (store) =>
          verifyStore(store).then(report),
        ),
      ),
    );
}

function report(differences: Awaited<ReturnType<typeof verifyStore>>) {
  if (differences.length === 0) {
    return { data: { differences }, lines: ['The journal holds, and every row is what its events say.'] };
  }
  const shown = differences.slice(0, 8).map(({ rows, required, offered }) => `${rows}: ${required} / ${offered}`);
  throw new FederatedError('verification', `${differences.length} rows are not what the journal says`, {
    detail: { differences: shown },
    fix: 'Restore the store from a copy that verifies; do not go on with this one.',
  });
}
